/* Who logs in before and after a rotation by credtop: one user whose password changes, or
 * two that take turns.  What is chosen, and why, from what is known; asks nobody. */
#ifndef CT_STRATEGY_H
#define CT_STRATEGY_H

#include <stdbool.h>

#include "backend/base/err.h"
#include "backend/model.h"

#define STRATEGY_CLONE "_clone" /* as AWS's rotation functions call the second user */
#define STRATEGY_USER_MAX 63    /* bytes of a name, to PostgreSQL */
#define STRATEGY_SECRET_MAX 600

/* What is known.  Borrowed. */
struct strategy_facts {
    enum rotation_strategy ordered; /* --strategy */
    const char *configured;         /* strategy = ...; NULL */
    const char *superuser_secret;   /* superuser_secret = ...; NULL */
    const char *masterarn;          /* the secret's member; "" none */
    const char *user;               /* AWSCURRENT's */
    bool user_in_secret;            /* the secret names it, and the configuration does not overrule that */
    const char *pending_user;       /* AWSPENDING's; NULL: no such version, or it has no value */
};

struct strategy {
    bool alternating;
    const char *because;               /* "the configuration says so", ... */
    char user[STRATEGY_USER_MAX + 1];  /* AWSCURRENT's */
    char other[STRATEGY_USER_MAX + 1]; /* who AWSCURRENT names afterwards; single user: the same */
    char superuser_secret[STRATEGY_SECRET_MAX + 1];
    const char *superuser_from; /* "configuration", "masterarn" */
    bool masterarn_unused;      /* it names a superuser, and nobody asked for alternating users */
};

/* USER and USER_clone, from one to the other.  ERR_SETTING: there is no such name. */
enum err strategy_other_user(const char *user, char out[STRATEGY_USER_MAX + 1], struct why *why) CHECKED;

/* A rotation that has begun is finished as it was begun.  Else the order decides, then the
 * configuration, then it is a single user.  ERR_SETTING, ERR_SECRET_SHAPE with words on what
 * is missing, and what to do. */
enum err strategy_choose(const struct strategy_facts *f, struct strategy *out, struct why *why) CHECKED;

#endif
