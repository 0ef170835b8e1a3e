#include "backend/actions/journal_who.h"

#include <fcntl.h>
#include <pwd.h>

#include "backend/base/strbuf.h"
#include "backend/base/text.h"

#define NO_LOGIN_ID UINT32_MAX
#define PASSWD_ROOM 4096

/* The login id stays the same through su and sudo, and cannot be set by an environment. */
static uid_t login_id(void)
{
    char text[16];
    int64_t id = NO_LOGIN_ID;
    int fd = open("/proc/self/loginuid", O_RDONLY | O_CLOEXEC);
    ssize_t n = fd >= 0 ? read(fd, text, sizeof text) : -1;
    if (fd >= 0)
        close(fd);
    if (n <= 0 || !str_to_i64(text, (size_t)n, &id) || id < 0 || id >= NO_LOGIN_ID)
        return getuid();
    return (uid_t)id;
}

static void name_of(uid_t id, char *out, size_t size)
{
    char room[PASSWD_ROOM];
    struct passwd entry, *found = NULL;
    if (getpwuid_r(id, &entry, room, sizeof room, &found) == 0 && found != NULL)
        (void)text_safe(out, size, found->pw_name, strlen(found->pw_name));
    else
        (void)str_fmt(out, size, "uid %u", (unsigned)id);
}

void journal_who(struct journal_who *out)
{
    char tty[64] = "";
    const char *ssh = getenv("SSH_CONNECTION");
    *out = (struct journal_who){.uid = getuid()};
    name_of(login_id(), out->login, sizeof out->login);
    if (ssh != NULL)
        (void)text_safe(out->client, sizeof out->client, ssh, strcspn(ssh, " "));
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO && out->tty[0] == '\0'; fd++)
        if (ttyname_r(fd, tty, sizeof tty) == 0)
            (void)text_safe(out->tty, sizeof out->tty, tty, strlen(tty));
}
