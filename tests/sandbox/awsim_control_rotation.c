/* The control API for rotation functions: how fast one is, where it stops or fails. */
#include "backend/base/mem.h"
#include "tests/sandbox/awsim_control.h"

#define LONGEST_MS (900LL * 1000)

static enum rotation_step read_step(struct check *c, const json_t *o, const char *member)
{
    const char *name = check_text(c, o, member, 1, 32);
    enum rotation_step step = name ? rotation_step_find(name) : ROTATION_STEPS;
    if (name && step == ROTATION_STEPS)
        (void)check_fail(c, member, "must be createSecret, setSecret, testSecret or finishSecret");
    return step;
}

void control_rotation(struct sim *s, struct check *c, const json_t *o, struct answer *a)
{
    static const char *const known[] = {"function", "kind", "step_ms", "stop_before", "fail_at", "error", NULL};
    if (!check_members(c, o, known))
        return;
    struct rotation_function f = {0};
    const char *name = check_need_text(c, o, "function", 1, sizeof f.name - 1);
    const char *kind = check_text(c, o, "kind", 1, 16), *error = check_text(c, o, "error", 1, sizeof f.error - 1);
    f.step_ms = check_int(c, o, "step_ms", 0, LONGEST_MS, 0);
    f.stop_before = read_step(c, o, "stop_before");
    f.fail_at = read_step(c, o, "fail_at");
    f.kind = kind && strcmp(kind, "secret") == 0 ? ROTATES_SECRET : ROTATES_POSTGRES;
    if (kind && f.kind == ROTATES_POSTGRES && strcmp(kind, "postgres") != 0)
        (void)check_fail(c, "kind", "must be postgres or secret");
    str_copy(f.name, sizeof f.name, name);
    str_copy(f.error, sizeof f.error, error ? error : "it was told to fail");
    struct rotation_function *there = rotation_function(&s->rotations, name);
    if (!there && s->rotations.n == ROTATION_FUNCTIONS_MAX)
        (void)check_fail(c, "function", "is one too many: awsim holds %d", ROTATION_FUNCTIONS_MAX);
    if (c->failed)
        return;
    *(there ? there : &s->rotations.functions[s->rotations.n++]) = f;
    control_ok(a);
}
