/* Who we are to AWS: the credential chain, as the AWS tools walk it.  Environment
 * variables; roles over profiles, chained as long as one likes; web identities;
 * single sign-on; the shared files; "aws login"; processes; containers; the
 * instance's own role.  The links are rows in identity_chain.c.
 *
 * Keys that end are fetched again before they do: by one thread, while the others go
 * on with the old ones for as long as those are good (identity_cache.h).
 *
 * Order and names: AWS SDKs and Tools Reference Guide, "Standardized credential
 * providers"; files: "Shared config and credentials files". */
#ifndef CT_IDENTITY_H
#define CT_IDENTITY_H

#include <stdbool.h>
#include <stdint.h>

#include "backend/aws/endpoint.h"
#include "backend/aws/transport.h"
#include "backend/base/cancel.h"
#include "backend/base/clock.h"
#include "backend/base/err.h"
#include "backend/base/secret.h"

#define IDENTITY_SOURCE_MAX 120

/* One caller's copy of the keys; identity_clear() wipes it. */
struct identity {
    char access_key_id[129];
    struct secret *secret_access_key;
    struct secret *session_token;         /* NULL for long-term keys */
    int64_t expires_wall_ms;              /* by AWS's clock; -1: never */
    char source[IDENTITY_SOURCE_MAX + 1]; /* the way here: "role ops <- profile base (~/.aws/credentials)" */
};
void identity_clear(struct identity *id); /* a zeroed struct is fine */

/* Whose keys are wanted.  Strings are borrowed for the call. */
struct identity_selector {
    const char *profile;           /* NULL: $AWS_PROFILE, then "default" */
    const char *role_arn;          /* taken on with the profile's keys; NULL: none */
    const char *external_id;       /* of that role; NULL: none */
    const char *role_session_name; /* NULL: credtop-<user>-<pid> */
    const char *region;            /* where STS is asked; NULL: as identity_region() finds it */
    const char *endpoint_url;      /* the configuration's; NULL: AWS's, or the profile's */
};

struct identity_store; /* shared by all threads */

/* Reads the environment now (AWS_*), and never again: later changes do not count. */
struct identity_store *identity_store_new(const struct clock *clock);
struct identity_store *identity_store_free(struct identity_store *s);

/* How the links reach AWS and the machine's metadata: the gate's one line, with its
 * mode, meter and clock.  Without one, links that need the network fail. */
struct identity_line {
    void *ctx;
    /* `op`: enum aws_op, or -1 for the machine's own metadata service. */
    enum err (*send)(void *ctx, int op, const struct http_request *rq, struct http_reply *out, struct cancel *c,
                     struct why *why);
    int64_t (*skew_ms)(void *ctx);
    /* Of a refused signature: the answer's date, and the skew it was made with; true: worth another try. */
    bool (*learn_skew)(void *ctx, int64_t date_ms, int64_t signed_skew_ms);
};

/* Who can ask the operator for the code of an MFA device.  `ask` may block for minutes,
 * with the cancel; ERR_NO_CREDENTIALS when nobody answered. */
#define MFA_CODE_MAX 6
struct mfa_question {
    const char *serial;   /* of the device: an ARN, or a hardware number */
    const char *role_arn; /* what it is wanted for */
};

/* All of these before the first thread. */
void identity_store_set_line(struct identity_store *s, const struct identity_line *line);
void identity_store_set_mfa(struct identity_store *s,
                            enum err (*ask)(void *ctx, const struct mfa_question *q, char out_code[MFA_CODE_MAX + 1],
                                            struct cancel *c, struct why *why),
                            void *ctx);
/* Other files than those that environment and home folder name; NULL: no other. */
void identity_store_set_files(struct identity_store *s, const char *config, const char *credentials);
/* Nothing of the environment, nothing below the home folder, no credential_process, no file is
 * written: keys come from these two files (NULL: none), or from the machine. */
void identity_store_restrict(struct identity_store *s, const char *config, const char *credentials);

/* The keys.  May wait for AWS, a process or the operator: the thread that fetches for all
 * waits as long as that takes, at most a minute and, for an MFA code, five; others wait
 * to their deadline (clock_real mono ms).  `out` is cleared first and filled only on success. */
enum err identity_get(struct identity_store *s, const struct identity_selector *sel, int64_t deadline_mono_ms,
                      struct cancel *c, struct identity *out, struct why *why) CHECKED;

/* AWS said that these keys have expired: whatever their date says, the next one who asks
 * fetches new ones. */
void identity_invalidate(struct identity_store *s, const char *access_key_id);

/* Somebody mended something outside: what failed may be tried at once. */
void identity_retry(struct identity_store *s);

/* A plain setting of the profile from the config file ("region", "endpoint_url",
 * "ca_bundle"): copied to out, false when it is not set or too long.  A service's own
 * ("secrets_manager.endpoint_url") is looked up in the [services] section that the
 * profile names.  Never gives out a secret key or token. */
bool identity_setting(struct identity_store *s, const char *profile, const char *key, char *out, size_t size);

/* Where to go: explicit region, else AWS_REGION, AWS_DEFAULT_REGION, the profile's. */
enum err identity_region(struct identity_store *s, const char *profile, const char *configured, char out[32],
                         struct why *why) CHECKED;

/* A service's address for this selector: its endpoint_url, AWS_ENDPOINT_URL_<SERVICE>,
 * AWS_ENDPOINT_URL, the profile's services section, the profile's endpoint_url, AWS's
 * own; FIPS and dual-stack as environment and profile ask for. */
enum err identity_endpoint(struct identity_store *s, const struct identity_selector *sel, enum aws_service service,
                           const char *region, struct endpoint *out, struct why *why) CHECKED;

/* The PEM file to verify TLS by: AWS_CA_BUNDLE, the profile's ca_bundle; NULL: the
 * system's.  Returns out or NULL. */
const char *identity_ca_bundle(struct identity_store *s, const char *profile, char *out, size_t size);

#endif
