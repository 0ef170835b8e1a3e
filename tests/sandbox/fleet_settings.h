/* fleet.json: which containers there are, and what goes wrong with them. */
#ifndef CT_FLEET_SETTINGS_H
#define CT_FLEET_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>

#include "backend/base/err.h"
#include "backend/credentials/flow.h"

#define FLEET_ENVIRONMENTS_MAX 64

enum fleet_format { FLEET_TEXT, FLEET_JSON, FLEET_PYTHON };

struct fleet_env_settings {
    const char *name, *account, *region, *profile, *secret, *group, *function; /* live as long as the settings */
    int containers;
    int fallback;        /* so many cannot fetch: GetSecretValue is denied at their cold start */
    int stale;           /* so many fetch before the rotation at start */
    int reconnect_every; /* invocations a pool keeps its connection */
    bool past;           /* an hour of history */
    bool rotate;         /* the secret is rotated at start */
    bool grow;           /* new containers come, old ones go */
    bool hostile;        /* prints what a terminal must not be given */
    enum fleet_format format; /* of its log: Node.js in text or JSON, Python in text */
    bool fetch_in_init;  /* fetches when the module loads, not in the handler */
    struct flow_env *variables;
};

struct fleet_settings {
    size_t n;
    struct fleet_env_settings environments[FLEET_ENVIRONMENTS_MAX];
    void *json; /* owns the texts */
};

/* ERR_IO, ERR_MALFORMED or ERR_SETTING with words that name file and member. */
enum err fleet_settings_load(const char *path, struct fleet_settings *out, struct why *why) CHECKED;
void fleet_settings_clear(struct fleet_settings *s);

#endif
