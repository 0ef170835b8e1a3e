#include "ui/prompt.h"

#include <string.h>

#include "backend/base/text.h"
#include "ui/keys.h"

void prompt_open(struct prompt *p, const char *text)
{
    p->open = true;
    str_copy(p->text, sizeof(p->text), text);
    str_copy(p->before, sizeof(p->before), text);
}

static void erase_char(char *s)
{
    size_t n = strlen(s);
    while (n > 0 && ((unsigned char)s[n - 1] & 0xc0) == 0x80)
        n--;
    s[n > 0 ? n - 1 : 0] = '\0';
}

static void erase_word(char *s)
{
    size_t n = strlen(s);
    while (n > 0 && s[n - 1] == ' ')
        n--;
    while (n > 0 && s[n - 1] != ' ')
        n--;
    s[n] = '\0';
}

static void insert(char *s, uint32_t cp)
{
    char bytes[4];
    int n = text_encode(cp, bytes);
    size_t len = strlen(s);
    if (n <= 0 || len + (size_t)n >= PROMPT_MAX || !text_is_safe(bytes, (size_t)n))
        return;
    memcpy(s + len, bytes, (size_t)n);
    s[len + (size_t)n] = '\0';
}

enum prompt_result prompt_key(struct prompt *p, uint32_t press)
{
    switch (press) {
    case PRESS_ENTER:
        p->open = false;
        return PROMPT_DONE;
    case PRESS_ESC:
        p->open = false;
        str_copy(p->text, sizeof(p->text), p->before);
        return PROMPT_CANCELLED;
    case PRESS_BACKSPACE:
    case 0x08:
        erase_char(p->text);
        return PROMPT_TYPING;
    case 'U' - 0x40:
        p->text[0] = '\0';
        return PROMPT_TYPING;
    case 'W' - 0x40:
        erase_word(p->text);
        return PROMPT_TYPING;
    default:
        if (press >= 0x20 && press < PRESS_UP)
            insert(p->text, press);
        return PROMPT_TYPING;
    }
}

void prompt_draw(const struct prompt *p, struct grid *g, struct rect at, const char *label)
{
    int x = at.x + 1;
    x += grid_text(g, at.y, x, at.w - 1, STYLE_KEY, label);
    int room = at.w - x - 2;
    const char *shown = p->text;
    while (room > 0 && text_width(shown) > (size_t)room) {
        uint32_t cp = 0;
        int n = text_decode(shown, strlen(shown), &cp);
        shown += n > 0 ? n : 1;
    }
    x += grid_text(g, at.y, x, room, STYLE_BOLD, shown);
    grid_text(g, at.y, x, 1, STYLE_MODE, " ");
}
