#include "ui/layout.h"

void layout_frame(int rows, int cols, struct layout *out)
{
    *out = (struct layout){0};
    out->size = rows >= 15 && cols >= 60 ? LAYOUT_FULL : rows >= 3 && cols >= 20 ? LAYOUT_SMALL : LAYOUT_TINY;
    if (out->size == LAYOUT_TINY) {
        out->body = (struct rect){0, 0, rows, cols};
        return;
    }
    out->header = (struct rect){0, 0, 1, cols};
    out->keys = (struct rect){rows - 1, 0, 1, cols};
    if (out->size == LAYOUT_SMALL) {
        out->body = (struct rect){1, 0, rows - 2, cols};
        return;
    }
    out->tabs = (struct rect){1, 0, 1, cols};
    out->title = (struct rect){2, 0, 1, cols};
    out->body = (struct rect){3, 0, rows - 5, cols};
    out->message = (struct rect){rows - 2, 0, 1, cols};
}

void layout_stack(struct rect body, const struct layout_want *wants, size_t n, struct rect *out)
{
    int given[LAYOUT_PARTS_MAX] = {0};
    int left = body.h > 0 ? body.h : 0;
    n = n > LAYOUT_PARTS_MAX ? LAYOUT_PARTS_MAX : n;
    for (int rank = 0; rank < LAYOUT_PARTS_MAX; rank++) {
        for (size_t i = 0; i < n; i++) {
            if (wants[i].rank != rank || wants[i].least > left || wants[i].most < wants[i].least)
                continue;
            given[i] = wants[i].least;
            left -= given[i];
        }
    }
    for (int rank = 0; rank < LAYOUT_PARTS_MAX; rank++) {
        for (size_t i = 0; i < n; i++) {
            int more = wants[i].most - given[i];
            if (wants[i].rank != rank || given[i] < wants[i].least || more <= 0)
                continue;
            more = more > left ? left : more;
            given[i] += more;
            left -= more;
        }
    }
    int y = body.y;
    for (size_t i = 0; i < n; i++) {
        out[i] = (struct rect){y, body.x, given[i], body.w};
        y += given[i];
    }
}

static int columns_width(const struct layout_column *columns, size_t n, int rank)
{
    int width = 0;
    for (size_t i = 0; i < n; i++)
        if (columns[i].rank <= rank && columns[i].width > 0)
            width += columns[i].width + (width > 0 ? 1 : 0);
    return width;
}

int layout_columns(const struct layout_column *columns, size_t n, int width, int *out_x)
{
    int rank = 0;
    for (size_t i = 0; i < n; i++)
        rank = columns[i].rank > rank ? columns[i].rank : rank;
    while (rank > 0 && columns_width(columns, n, rank) > width)
        rank--;
    int x = 0;
    for (size_t i = 0; i < n; i++) {
        out_x[i] = -1;
        if (columns[i].rank > rank || columns[i].width <= 0)
            continue;
        out_x[i] = x;
        x += columns[i].width + 1;
    }
    return x > 0 ? x - 1 : 0;
}
