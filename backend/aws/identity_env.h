/* What the environment said at the start: read once, because getenv() is not safe
 * beside a thread that sets variables, and who we are must not change under a
 * running program.  Never changed again; any thread reads it. */
#ifndef CT_IDENTITY_ENV_H
#define CT_IDENTITY_ENV_H

#include <stdbool.h>

#include "backend/aws/endpoint.h"
#include "backend/base/secret.h"

enum env_text {
#define ENV(id, name) ENV_##id,
#define SECRET(id, name)
#include "backend/aws/identity_env.def"
#undef ENV
#undef SECRET
    ENV_TEXTS
};

enum env_secret {
#define ENV(id, name)
#define SECRET(id, name) ENV_##id,
#include "backend/aws/identity_env.def"
#undef ENV
#undef SECRET
    ENV_SECRETS
};

struct identity_env {
    char *text[ENV_TEXTS];              /* NULL: not set, or empty */
    struct secret *secret[ENV_SECRETS]; /* the same */
    char *endpoint_urls[AWS_SERVICES];  /* AWS_ENDPOINT_URL_<SERVICE> */
    char *home;                         /* NULL: there is none */
    char session_name[65];              /* "credtop-<user>-<pid>": who we are in CloudTrail */
};

void identity_env_read(struct identity_env *e);
void identity_env_clear(struct identity_env *e);

const char *env_text_name(enum env_text v);
const char *env_secret_bytes(const struct identity_env *e, enum env_secret v); /* NULL: not set */

/* AWS_PROFILE, AWS_DEFAULT_PROFILE; NULL when neither is set. */
const char *identity_env_profile(const struct identity_env *e);
const char *identity_env_region(const struct identity_env *e);

bool setting_is_true(const char *value); /* "true" in any case; NULL is false */

/* "~/x" below the home directory, anything else as it is.  malloc'd; NULL without a home. */
char *identity_env_path(const struct identity_env *e, const char *path);

#endif
