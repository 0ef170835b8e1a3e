/* What differs from service to service: who signs, how an error looks, what the
 * common troubles are called. */
#ifndef CT_AWSIM_SERVICES_H
#define CT_AWSIM_SERVICES_H

enum sim_service {
    SIM_SECRETS,
    SIM_LOGS,
    SIM_STS,
    SIM_LAMBDA,
    SIM_SSO,
    SIM_OIDC,
    SIM_IMDS,
    SIM_CONTAINER,
    SIM_SERVICES
};

enum error_shape {
    SHAPE_JSON,  /* {"__type", "message"} */
    SHAPE_XML,   /* <ErrorResponse> */
    SHAPE_REST,  /* {"message"}, the code in x-amzn-ErrorType */
    SHAPE_OAUTH, /* {"error", "error_description"}, the code in x-amzn-ErrorType */
    SHAPE_PLAIN, /* a line of text */
    SHAPE_AGENT  /* {"code", "message"} */
};

struct sim_trouble {
    int status;
    const char *code;
};

struct sim_service_row {
    const char *signing; /* the name in a credential scope; NULL: nothing of it is signed */
    const char *target;  /* what X-Amz-Target begins with; NULL: none is sent */
    const char *message; /* the member that carries the text of an error */
    enum error_shape shape;
    const char *bad_argument; /* the code */
    struct sim_trouble throttled, internal, unavailable, denied, expired;
};

const struct sim_service_row *sim_service_row(enum sim_service service);

#endif
