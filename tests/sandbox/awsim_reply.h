/* One answer in the making: status, a few headers, a body. */
#ifndef CT_AWSIM_REPLY_H
#define CT_AWSIM_REPLY_H

#include "backend/base/strbuf.h"
#include "tests/sandbox/awsim_services.h"

#define REPLY_MAX (32u << 20)
#define REPLY_HEADERS_MAX 3

struct reply_header {
    const char *name;
    char value[96];
};

struct reply {
    int status;
    const char *type; /* Content-Type */
    char code[64];    /* AWS's error code, "" when it went well */
    size_t nheaders;  /* besides those that every answer has */
    struct reply_header headers[REPLY_HEADERS_MAX];
    struct strbuf body;
};

void reply_init(struct reply *r);
void reply_clear(struct reply *r);

void reply_header(struct reply *r, const char *name, const char *value); /* name: a literal */

/* An error in the shape of the service; the message is read by clients and logs. */
void reply_error(struct reply *r, enum sim_service service, int status, const char *code, const char *fmt, ...)
    FORMAT(5, 6);
void reply_trouble(struct reply *r, enum sim_service service, const struct sim_trouble *trouble, const char *text);

void reply_xml(struct strbuf *b, const char *s); /* the text, escaped */

#endif
