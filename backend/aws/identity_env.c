#include "backend/aws/identity_env.h"

#include <pwd.h>
#include <strings.h>

#include "backend/base/mem.h"
#include "backend/base/strbuf.h"

#define PATH_LEN_MAX 4096

static const char *const text_names[ENV_TEXTS] = {
#define ENV(id, name) [ENV_##id] = name,
#define SECRET(id, name)
#include "backend/aws/identity_env.def"
#undef ENV
#undef SECRET
};

static const char *const secret_names[ENV_SECRETS] = {
#define ENV(id, name)
#define SECRET(id, name) [ENV_##id] = name,
#include "backend/aws/identity_env.def"
#undef ENV
#undef SECRET
};

static const char *variable(const char *name)
{
    const char *value = getenv(name);

    return value && *value ? value : NULL;
}

/* The user's name for CloudTrail: what a session name may not hold becomes '-'. */
static void make_session_name(struct identity_env *e, const char *user)
{
    char safe[33];
    size_t n = 0;

    for (; user[n] && n < sizeof(safe) - 1; n++) {
        char c = user[n];
        bool fine = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || strchr("_+=,.@-", c);

        safe[n] = fine ? c : '-';
    }
    safe[n] = '\0';
    (void)str_fmt(e->session_name, sizeof(e->session_name), "credtop-%s-%ld", safe, (long)getpid());
}

void identity_env_read(struct identity_env *e)
{
    char room[4096];
    struct passwd entry, *found = NULL;

    for (size_t i = 0; i < ENV_TEXTS; i++)
        e->text[i] = mem_copy_str(variable(text_names[i]));
    for (size_t i = 0; i < ENV_SECRETS; i++) {
        const char *value = variable(secret_names[i]);

        e->secret[i] = value ? secret_from(value, strlen(value)) : NULL;
    }
    for (size_t i = 0; i < AWS_SERVICES; i++) {
        const char *name = endpoint_variable((enum aws_service)i);

        e->endpoint_urls[i] = name ? mem_copy_str(variable(name)) : NULL;
    }
    if (getpwuid_r(getuid(), &entry, room, sizeof(room), &found) != 0)
        found = NULL;
    e->home = mem_copy_str(variable("HOME"));
    if (!e->home && found)
        e->home = mem_copy_str(found->pw_dir);
    make_session_name(e, found && found->pw_name ? found->pw_name : "unknown");
}

void identity_env_clear(struct identity_env *e)
{
    for (size_t i = 0; i < ENV_TEXTS; i++)
        MEM_FREE(e->text[i]);
    for (size_t i = 0; i < ENV_SECRETS; i++)
        e->secret[i] = secret_free(e->secret[i]);
    for (size_t i = 0; i < AWS_SERVICES; i++)
        MEM_FREE(e->endpoint_urls[i]);
    MEM_FREE(e->home);
}

const char *env_text_name(enum env_text v)
{
    ASSERT((unsigned)v < ENV_TEXTS);
    return text_names[v];
}

const char *env_secret_bytes(const struct identity_env *e, enum env_secret v)
{
    return e->secret[v] ? secret_peek(e->secret[v], NULL) : NULL;
}

const char *identity_env_profile(const struct identity_env *e)
{
    return e->text[ENV_PROFILE] ? e->text[ENV_PROFILE] : e->text[ENV_DEFAULT_PROFILE];
}

const char *identity_env_region(const struct identity_env *e)
{
    return e->text[ENV_REGION] ? e->text[ENV_REGION] : e->text[ENV_DEFAULT_REGION];
}

bool setting_is_true(const char *value)
{
    return value && strcasecmp(value, "true") == 0;
}

char *identity_env_path(const struct identity_env *e, const char *path)
{
    char joined[PATH_LEN_MAX];

    if (strncmp(path, "~/", 2) != 0)
        return mem_copy_str(path);
    if (!e->home || !str_fmt(joined, sizeof(joined), "%s%s", e->home, path + 1))
        return NULL;
    return mem_copy_str(joined);
}
