#include "tests/sandbox/awsim_faults.h"

#include "backend/base/mem.h"

static const char *const names[] = {
#define FAULT(id, name) name,
#include "tests/sandbox/awsim_faults.def"
#undef FAULT
};

const char *fault_name(enum fault_kind k)
{
    ASSERT(k < FAULT_KINDS);
    return names[k];
}

enum fault_kind fault_find(const char *name)
{
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        if (strcmp(names[i], name) == 0)
            return (enum fault_kind)i;
    return FAULT_KINDS;
}

bool faults_add(struct faults *f, const struct fault *fault)
{
    if (f->n == FAULTS_MAX)
        return false;
    f->rows[f->n++] = *fault;
    return true;
}

void faults_clear(struct faults *f)
{
    f->n = 0;
}

/* The rule names a secret or log group; the call may have used an ARN of it, which
 * ends in ":name" (groups, also ":name:*") or ":name-XXXXXX". */
static bool resource_fits(const char *match, const char *resource)
{
    if (match[0] == '\0' || strcmp(match, resource) == 0)
        return true;
    if (strncmp(resource, "arn:", 4) != 0)
        return false;
    size_t n = strlen(match);
    for (const char *p = resource; (p = strchr(p, ':')) != NULL;) {
        p++;
        if (strncmp(p, match, n) != 0)
            continue;
        const char *rest = p + n;
        if (rest[0] == '\0' || strcmp(rest, ":*") == 0 || (rest[0] == '-' && strlen(rest) == 7))
            return true;
    }
    return false;
}

bool faults_take(struct faults *f, enum sim_op op, const char *resource, const char *key, struct fault *out)
{
    for (size_t i = 0; i < f->n; i++) {
        struct fault *r = &f->rows[i];
        if (r->op != SIM_OPS && r->op != op)
            continue;
        if (r->key[0] != '\0' && strcmp(r->key, key) != 0)
            continue;
        if (!resource_fits(r->match, resource))
            continue;
        *out = *r;
        if (r->left > 0 && --r->left == 0) {
            f->n--;
            memmove(r, r + 1, (f->n - i) * sizeof *r);
        }
        return true;
    }
    return false;
}
