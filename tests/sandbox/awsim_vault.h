/* The secrets of one (account, region): versions and their staging labels, with the
 * service's rules for moving them.  Knows no JSON and no HTTP.
 *
 * Not locked: the simulator's lock is held. */
#ifndef CT_AWSIM_VAULT_H
#define CT_AWSIM_VAULT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define VAULT_LABELS_MAX 20    /* on one version */
#define VAULT_VERSIONS_MAX 100 /* of one secret; more only while younger than a day */
#define VAULT_VALUE_MAX 65536
#define VAULT_SECRETS_MAX 20000

#define LABEL_CURRENT_NAME "AWSCURRENT"
#define LABEL_PENDING_NAME "AWSPENDING"
#define LABEL_PREVIOUS_NAME "AWSPREVIOUS"

struct vault_version {
    char id[65];
    int64_t created_ms;
    int64_t accessed_ms; /* midnight, UTC; -1 never */
    bool has_value, is_binary;
    char *bytes;
    size_t len;
    size_t nlabels;
    char *labels[VAULT_LABELS_MAX];
};

struct vault_secret {
    char *name, *arn, *description, *owning_service, *rotation_function; /* the last three may be NULL */
    char *tags; /* "team=payments\n..."; NULL: none */
    uint64_t serial;                                                     /* order of creation, never reused */
    bool rotation_known, rotation_enabled;
    int rotation_days; /* 0: no rule */
    int64_t created_ms, changed_ms;
    int64_t rotated_ms, next_rotation_ms, deleted_ms, accessed_ms; /* -1: none */
    size_t nversions;
    struct vault_version **versions; /* oldest first */
    char *listed;                    /* what ListSecrets still shows (awsim_listed.c); NULL: nothing */
    int64_t listed_until_ms;
};

struct vault {
    size_t nsecrets;
    struct vault_secret **secrets;
    uint64_t serial;
};

void vault_clear(struct vault *v);

/* By name, full ARN, or ARN without its six random characters. */
struct vault_secret *vault_find(const struct vault *v, const char *id);
struct vault_secret *vault_add(struct vault *v, const char *account, const char *region, const char *name,
                               int64_t now_ms);

struct vault_version *vault_version(const struct vault_secret *s, const char *id);
struct vault_version *vault_labelled(const struct vault_secret *s, const char *label);
bool version_has_label(const struct vault_version *v, const char *label);

/* An empty version without labels; NULL when the secret holds too many. */
struct vault_version *vault_add_version(struct vault_secret *s, const char *id, int64_t now_ms);
void version_set_value(struct vault_version *v, const void *bytes, size_t n, bool is_binary);

/* Puts the label on `to` (NULL: nowhere) and off every other version.  AWSPREVIOUS
 * follows AWSCURRENT to the version that lost it.  False: `to` is full of labels. */
bool vault_move_label(struct vault_secret *s, const char *label, struct vault_version *to);

/* A new value took over as AWSCURRENT by rotation: the dates follow. */
void vault_mark_rotated(struct vault_secret *s, int64_t now_ms);

#endif
