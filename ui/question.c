#include "ui/question.h"

#include <string.h>

#include "backend/base/mem.h"
#include "backend/base/strbuf.h"
#include "ui/box.h"
#include "ui/keys.h"

#define WIDE_FROM 120
#define BOX_WIDTH 72
#define BOX_LINES 6

/* The code lives in ordinary memory for as long as it is typed: it is good once, and
 * for half a minute. */
void question_close(struct question *q)
{
    explicit_bzero(q, sizeof(*q));
}

void question_put(struct question *q, const struct mfa_view *what)
{
    if (!what) {
        question_close(q);
        return;
    }
    if (q->open && q->what.id == what->id)
        return;
    question_close(q);
    q->open = true;
    q->what = *what;
}

static enum question_result type(struct question *q, uint32_t press)
{
    size_t n = strlen(q->code);
    if (press < '0' || press > '9') {
        q->note = "a code is six digits; Esc does without it";
    } else if (n == QUESTION_DIGITS) {
        q->note = "six digits are there: Enter sends them";
    } else {
        q->code[n] = (char)press;
        q->code[n + 1] = '\0';
    }
    return QUESTION_WAITS;
}

enum question_result question_key(struct question *q, uint32_t press)
{
    size_t n = strlen(q->code);
    if (!q->seen)
        return QUESTION_WAITS;
    q->note = NULL;
    switch (press) {
    case PRESS_ESC:
        return QUESTION_DECLINED;
    case PRESS_ENTER:
        if (n == QUESTION_DIGITS)
            return QUESTION_ANSWERED;
        q->note = "six digits are needed; Esc does without";
        return QUESTION_WAITS;
    case PRESS_BACKSPACE:
    case 0x08:
        q->code[n > 0 ? n - 1 : 0] = '\0';
        return QUESTION_WAITS;
    case 'U' - 0x40:
        explicit_bzero(q->code, sizeof(q->code));
        return QUESTION_WAITS;
    default:
        return type(q, press);
    }
}

void question_draw(struct question *q, struct grid *g)
{
    struct rect box = {.h = BOX_LINES, .w = g->cols < WIDE_FROM ? g->cols : BOX_WIDTH};
    char shown[QUESTION_DIGITS + 1];
    box.h = g->rows < box.h ? g->rows : box.h;
    box.y = (g->rows - box.h) / 2;
    box.x = (g->cols - box.w) / 2;
    box_draw(g, box, box.h == BOX_LINES ? "AWS ASKS FOR A CODE" : NULL);
    for (size_t i = 0; i < QUESTION_DIGITS; i++)
        shown[i] = i < strlen(q->code) ? '*' : '_';
    shown[QUESTION_DIGITS] = '\0';
    /* From the code outwards, so that the smallest terminal still asks. */
    int y = box.h < BOX_LINES ? box.y : box.y + 3;
    if (box.h == BOX_LINES) {
        grid_fmt(g, box.y + 1, box.x + 1, box.w - 2, STYLE_TEXT, "device  %s", q->what.serial);
        grid_fmt(g, box.y + 2, box.x + 1, box.w - 2, STYLE_TEXT, "for     %s", q->what.role);
    }
    int x =
        box.x + 1 + grid_text(g, y, box.x + 1, box.w - 2, STYLE_TITLE, box.h == BOX_LINES ? "code    " : "MFA code ");
    grid_text(g, y, x, box.w - (x - box.x), STYLE_BOLD, shown);
    if (box.h > 1)
        grid_text(g, y + 1, box.x + 1, box.w - 2, q->note ? STYLE_WARN : STYLE_DIM,
                  q->note ? q->note : "Enter sends it, Esc does without: what needs it shows no data");
    q->seen = true;
}
