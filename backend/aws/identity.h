/* Who we are to AWS: the credential chain, as far as it goes today: environment
 * variables, then the shared credentials and config files.  The chain's other
 * links (roles, SSO, processes, containers, IMDS) are further rows of the table
 * in identity.c; nothing outside this header changes when they come.
 *
 * Order and names: AWS SDKs and Tools Reference Guide, "Standardized credential
 * providers"; files: "Shared config and credentials files". */
#ifndef CT_IDENTITY_H
#define CT_IDENTITY_H

#include <stdint.h>

#include "backend/base/cancel.h"
#include "backend/base/clock.h"
#include "backend/base/err.h"
#include "backend/base/secret.h"

/* One caller's copy of the keys; identity_clear() wipes it. */
struct identity {
    char access_key_id[129];
    struct secret *secret_access_key;
    struct secret *session_token;     /* NULL for long-term keys */
    int64_t expires_wall_ms;          /* -1: never */
    char source[64];                  /* "environment", "profile NAME" and the file */
};
void identity_clear(struct identity *id);    /* a zeroed struct is fine */

struct identity_store;                /* shared by all threads; one leaf lock inside */

/* Reads the environment now (AWS_*), and never again: later changes do not count. */
struct identity_store *identity_store_new(const struct clock *clock);
struct identity_store *identity_store_free(struct identity_store *s);

/* Keys for a profile (NULL: $AWS_PROFILE, then "default").  An explicitly named
 * profile is not overridden by keys in the environment, as in the aws CLI.
 * Files are read again when they change.  May wait (later links of the chain do),
 * hence the cancel.  `out` is cleared first and filled only on success. */
enum err identity_get(struct identity_store *s, const char *profile, struct cancel *c, struct identity *out,
                      struct why *why) CHECKED;

/* A plain setting of the profile from the config file ("region", "endpoint_url",
 * "ca_bundle"): copied to out, false when it is not set or too long.  A service's own
 * ("secrets_manager.endpoint_url") is looked up in the [services] section that the
 * profile names.  Never gives out a secret key or token. */
int identity_setting(struct identity_store *s, const char *profile, const char *key, char *out, size_t size);

/* Where to go: explicit region, else AWS_REGION, AWS_DEFAULT_REGION, the profile's. */
enum err identity_region(struct identity_store *s, const char *profile, const char *configured, char out[32],
                         struct why *why) CHECKED;

#endif
