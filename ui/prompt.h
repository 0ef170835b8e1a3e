/* One line that is being typed, at the bottom of the screen. */
#ifndef CT_PROMPT_H
#define CT_PROMPT_H

#include <stdbool.h>
#include <stdint.h>

#include "ui/grid.h"

#define PROMPT_MAX 160

struct prompt {
    bool open;
    char text[PROMPT_MAX];   /* UTF-8, safe to draw */
    char before[PROMPT_MAX]; /* what Esc puts back */
};

enum prompt_result { PROMPT_TYPING, PROMPT_DONE, PROMPT_CANCELLED };

void prompt_open(struct prompt *p, const char *text);
/* Enter keeps, Esc puts the old text back; both close. */
enum prompt_result prompt_key(struct prompt *p, uint32_t press);
void prompt_draw(const struct prompt *p, struct grid *g, struct rect at, const char *label);

#endif
