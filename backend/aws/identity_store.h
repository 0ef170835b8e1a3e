/* Inside the identity module: what the links of the chain share.  Nobody outside
 * backend/aws/identity*, sts, sso, imds, container and process includes this. */
#ifndef CT_IDENTITY_STORE_H
#define CT_IDENTITY_STORE_H

#include <stdatomic.h>

#include "backend/aws/identity.h"
#include "backend/aws/identity_cache.h"
#include "backend/aws/identity_env.h"
#include "backend/aws/identity_files.h"

struct identity_store { /* fixed before the first thread, but for what locks itself */
    const struct clock *clock;
    struct identity_env env;
    struct identity_files *files;
    struct identity_cache *cache;
    struct identity_line line;
    enum err (*ask_mfa)(void *ctx, const struct mfa_question *q, char out_code[MFA_CODE_MAX + 1], struct cancel *c,
                        struct why *why);
    void *mfa_ctx;
    bool restricted;
};

/* One way down the chain, or one step of it. */
struct walk {
    struct identity_store *store;
    const struct files_view *files;      /* the whole walk sees one reading */
    const struct identity_selector *sel; /* whom it is for in the end */
    const char *profile;                 /* whose keys this step wants; never NULL */
    bool is_explicit;                    /* named by the configuration, not by AWS_PROFILE */
    bool is_source;                      /* of a role: keys of this profile itself, not of the machine */
    bool needed;                         /* there are no older keys that still work */
    int64_t deadline_mono_ms;            /* of the whole refresh */
    struct cancel *cancel;
    struct why *why;
};

const char *walk_setting(const struct walk *w, const char *key); /* of its profile; NULL: not set */
/* The environment's text, else the profile's setting. */
const char *walk_text(const struct walk *w, enum env_text variable, const char *key);
const char *walk_region(const struct walk *w); /* where STS is asked */
int64_t walk_wall_ms(const struct walk *w);    /* AWS's clock, as far as we know it */

/* Where to send, for the selector of the walk; `region` may be NULL: the walk's. */
enum err walk_endpoint(const struct walk *w, enum aws_service service, const char *region,
                       struct endpoint *out) CHECKED;

/* A small file that holds a token, whole, into wiped memory.  ERR_NOT_FOUND: no such file. */
enum err walk_read_file(const struct walk *w, const char *path, size_t max, struct secret **out) CHECKED;

/* Three strings that may be keys, and what their owner calls them. */
struct candidate {
    const char *origin; /* "environment", "FILE:LINE" */
    const char *id_name, *secret_name, *token_name;
    const char *id, *secret, *token; /* NULL or "": not set */
};
/* Checked to the last byte, since they end up in headers; fills all but the source. */
enum err candidate_take(const struct candidate *c, struct identity *out, struct why *why) CHECKED;

/* "role NAME", "profile NAME (FILE)": made safe, cut to the field. */
void identity_set_source(struct identity *id, const char *fmt, ...) FORMAT(2, 3);

/* One request of a link. */
struct link_request {
    int op; /* enum aws_op, or LINK_METADATA */
    const char *method, *url;
    const struct http_header *headers;
    size_t nheaders;
    const void *body;
    size_t body_len;
    int tries;        /* 0: the SDKs' standard */
    int64_t try_ms;   /* one try's time */
    int64_t pause_ms; /* between tries; 0: the standard delays */
};
#define LINK_METADATA (-1) /* no AWS operation: never through a proxy */
#define LINK_REPLY_MAX ((size_t)64 << 10)

struct link_reply {
    int status;
    struct secret *body; /* the whole answer; link_reply_clear() wipes it */
    int64_t date_ms;
    char error_type[96];
};
void link_reply_clear(struct link_reply *r);

/* ERR_OK for any answer of AWS that is 2xx; LINK_METADATA: for any status.  Tries again
 * what is worth it, as long as the walk's deadline allows. */
enum err link_send(const struct walk *w, const struct link_request *rq, struct link_reply *out) CHECKED;

/* The links; each one: ERR_OK there are keys; ERR_NOT_FOUND not configured, ask the next
 * one; anything else ends the search. */
enum err ask_web_identity(const struct walk *w, struct identity *out) CHECKED; /* sts.c */
enum err ask_sso(const struct walk *w, struct identity *out) CHECKED;
enum err ask_login(const struct walk *w, struct identity *out) CHECKED;
enum err ask_process(const struct walk *w, struct identity *out) CHECKED;
enum err ask_container(const struct walk *w, struct identity *out) CHECKED;
enum err ask_imds(const struct walk *w, struct identity *out) CHECKED;
enum err ask_chain(const struct walk *w, struct identity *out) CHECKED; /* identity_chain.c: all, in order */

/* A role to take on, with the keys of `source`. */
struct role {
    const char *origin; /* who names it, for messages */
    const char *arn, *session_name, *external_id, *mfa_serial;
    int duration_s; /* 0: STS's own */
};
enum err sts_assume(const struct walk *w, const struct role *r, const struct identity *source,
                    struct identity *out) CHECKED;

/* The part of an ARN after its last '/'. */
const char *role_name(const char *arn);

/* JSON keys of a metadata service, a process or a cache file: the members' names differ. */
struct json_names {
    const char *id, *secret, *token, *expiration;
};
enum err identity_from_json(const struct walk *w, const char *origin, const struct secret *json,
                            const struct json_names *names, struct identity *out) CHECKED;

#endif
