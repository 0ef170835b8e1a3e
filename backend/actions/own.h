/* What rotations by credtop itself are made of, whatever their strategy: the versions'
 * values, logins, the lock, labels.  Each call that can fail either says why, or ends the
 * step in hand and the order and returns false, for `return own_give_up(...)`. */
#ifndef CT_OWN_H
#define CT_OWN_H

#include "backend/actions/rotation.h"
#include "backend/actions/strategy.h"
#include "backend/credentials/flow.h"
#include "backend/credentials/session.h"

#define OWN_TRIES 6
#define OWN_PAUSE_MS 300
#define OWN_UNCHANGED "nothing was changed"

/* A version's value, as a login. */
struct own_login {
    struct db_params p;
    char host[256]; /* as the secret says, before the configuration's last word */
    uint16_t port;
    bool user_in_secret;
    char masterarn[STRATEGY_SECRET_MAX + 1]; /* "" none */
};

/* The same value with another password, and unless NULL another user. */
struct own_change {
    const char *user;
    const struct secret *password;
    struct secret *value; /* out */
};

struct own;

/* What a strategy does its own way. */
struct own_way {
    /* Opens the session that holds the lock, and finds out whether the database takes
     * AWSPENDING's login; ends the order when nothing can come of it. */
    bool (*get_in)(struct own *o);
    /* Under the lock, before anything is changed: whatever else can be refused. */
    bool (*prepare)(struct own *o);
    /* Gives the database the new password, or where the answer before did not come (`again`)
     * looks first.  ERR_DB_QUERY: refused, nothing changed; any other error: not known. */
    enum err (*change)(struct own *o, bool again, struct why *why);
    /* The database does not take the new login: ends the order; false. */
    bool (*undo)(struct own *o, const struct why *failed);
    const char *as_it_was, *half_way; /* what is so when a change was refused; when it is not known */
};
extern const struct own_way own_single_user, own_alternating;

struct own {
    struct action *a;
    const struct config_environment *conf;
    const struct rotation_state *found; /* when it was looked at, and again under the lock */
    const char *token;                  /* the version that is to be AWSCURRENT */
    bool open;                          /* it had AWSPENDING before we came */
    bool has_value;                     /* it has a value */
    bool pending_in;                    /* the database takes that value's login */
    struct strategy strategy;
    const struct own_way *way;
    struct own_login current, pending;
    struct session *session;    /* logged in as whoever gets in; it holds the lock */
    struct db_params superuser; /* alternating users: */
    struct session *super;
    char did[160];           /* what setSecret did, in words */
    int64_t changed_mono_ms; /* when; 0 it was done before */
};

void own_clear(struct own *o);
bool own_give_up(struct own *o, enum order_state state, const struct why *why, const char *consequence);

/* ------------------------------------------------------------- Secrets Manager */

/* ERR_NOT_FOUND: the version has no value.  `change` may be NULL. */
enum err own_fetch(struct own *o, const char *version, struct own_login *out, struct own_change *change,
                   struct why *why) CHECKED;
/* AWSCURRENT's value of another secret, over `out`. */
enum err own_fetch_superuser(struct own *o, struct db_params *out, struct why *why) CHECKED;
/* `to` NULL: takes it off. */
enum err own_move_label(struct own *o, const char *label, const char *to, const char *from, struct why *why) CHECKED;
/* Takes AWSPENDING off a version, as a step of its own; true when it is gone. */
bool own_drop_pending(struct own *o, const char *version);
/* The step in hand: AWSCURRENT from found->current to o->token. */
bool own_move_current(struct own *o, const char *half_way);

/* -------------------------------------------------------------------- database */

/* Same server and database. */
bool own_same_place(const struct db_params *a, const struct db_params *b);
enum err own_enter(struct own *o, const struct db_params *p, struct session **session, struct why *why) CHECKED;
enum err own_test_login(struct own *o, const struct db_params *p, struct why *why) CHECKED;
enum err own_lock(struct own *o, struct why *why) CHECKED;
/* Takes the lock; what was seen must still be so. */
bool own_still_so(struct own *o);
/* ALTER ROLE, or CREATE ROLE in_role (unless NULL), told to the journal before. */
enum err own_set_password(struct own *o, struct session *as, const struct db_params *p, const char *in_role,
                          struct why *why) CHECKED;

/* The last moment at which cancelling means that nothing was done. */
bool own_commit(struct own *o);

#endif
