/* A chosen row and a window onto a list.  Knows numbers, not what is listed. */
#ifndef CT_LIST_H
#define CT_LIST_H

#include <stddef.h>

struct list {
    size_t n;    /* rows there are */
    size_t at;   /* chosen row; 0 when there are none */
    size_t top;  /* first row in the window */
    size_t page; /* rows the window shows, from the last drawing; 0 unknown */
};

void list_resize(struct list *l, size_t n);           /* keeps `at` within */
void list_move(struct list *l, long rows);            /* by rows, stopping at the ends */
void list_page(struct list *l, int pages, int parts); /* by pages / parts of a page */
void list_choose(struct list *l, size_t row);
/* Before drawing: moves the window so that the chosen row is in it. */
void list_show(struct list *l, size_t page);

#endif
