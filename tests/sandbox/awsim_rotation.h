/* Rotations: what RotateSecret sets off.
 *
 * A rotation function is played by a thread of awsim's: the four steps one after the
 * other, as an invocation each, with its log lines in /aws/lambda/FUNCTION.  The steps
 * are those of AWS's function for PostgreSQL, single user, against the database the
 * secret names; or of a function that changes the secret alone.  It can be slow, stop
 * before a step, and fail at one. */
#ifndef CT_AWSIM_ROTATION_H
#define CT_AWSIM_ROTATION_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum rotation_step { STEP_CREATE, STEP_SET, STEP_TEST, STEP_FINISH, ROTATION_STEPS };
enum rotation_kind { ROTATES_POSTGRES, ROTATES_SECRET };

#define ROTATION_FUNCTIONS_MAX 64

/* How a function behaves; one that nobody described is a quick one that works. */
struct rotation_function {
    char name[141];
    enum rotation_kind kind;
    int64_t step_ms;                         /* how long each step takes */
    enum rotation_step stop_before, fail_at; /* ROTATION_STEPS: nowhere */
    char error[256];                         /* what it fails with */
};

struct rotations {
    pthread_cond_t changed; /* with the simulator's lock */
    /* guarded by the simulator's lock */
    bool stopping;
    unsigned running;
    char *ca; /* certificates the functions trust, NULL: TLS without a check */
    size_t n;
    struct rotation_function functions[ROTATION_FUNCTIONS_MAX];
};

struct sim;
struct realm;
struct vault_secret;

void rotations_init(struct rotations *r);
/* Ends what runs and waits for it.  Without the simulator's lock. */
void rotations_stop(struct sim *s);

/* By name; NULL: not described. */
struct rotation_function *rotation_function(struct rotations *r, const char *name);
enum rotation_step rotation_step_find(const char *name); /* ROTATION_STEPS: no such */
const char *rotation_step_name(enum rotation_step step);

/* AWSPENDING is on the version `token`; false: too many threads. */
bool rotation_begin(struct sim *s, struct realm *realm, const struct vault_secret *secret, const char *token);

#endif
