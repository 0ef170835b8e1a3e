#include "ui/picture.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "backend/base/clock.h"
#include "backend/base/mem.h"
#include "backend/base/strbuf.h"

#define TEXT_MAX ((size_t)4 << 20)

/* screen-20260903T143207.812Z.txt */
static void own_name(const char *folder, int64_t wall_ms, char out[PICTURE_PATH])
{
    char time[29], *to = time;
    clock_iso_ms(wall_ms, time);
    for (const char *from = time; *from; from++)
        if (*from != '-' && *from != ':')
            *to++ = *from;
    *to = '\0';
    str_fmt(out, PICTURE_PATH, "%s/screen-%s.txt", folder, time);
}

enum err picture_save(const struct grid *g, const char *name, const char *folder, int64_t wall_ms,
                      char out_path[PICTURE_PATH], struct why *why)
{
    struct strbuf text;
    if (!name[0] && !folder)
        return why_set(why, ERR_IO, "there is no folder for it (no HOME); :save FILE says where");
    if (name[0])
        str_copy(out_path, PICTURE_PATH, name);
    else
        own_name(folder, wall_ms, out_path);
    int fd = open(out_path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC | O_NOCTTY, 0600);
    if (fd < 0)
        return why_set(why, ERR_IO, "%s: %s", out_path, errno == EEXIST ? "is there already" : strerror(errno));
    strbuf_init(&text, TEXT_MAX);
    grid_to_text(g, &text);
    bool good = write(fd, strbuf_peek(&text), text.len) == (ssize_t)text.len;
    int failed = errno;
    good = close(fd) == 0 && good;
    strbuf_clear(&text);
    if (good)
        return ERR_OK;
    (void)unlink(out_path);
    return why_set(why, ERR_IO, "%s: %s", out_path, strerror(failed));
}
