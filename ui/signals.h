/* Signals as a descriptor to poll: nothing of credtop runs in a handler, save the
 * terminal's restore on a crash. */
#ifndef CT_SIGNALS_H
#define CT_SIGNALS_H

enum signals {
    SIGNALS_QUIT = 1, /* INT, TERM, HUP */
    SIGNALS_RESIZE = 2,
    SIGNALS_STOP = 4, /* TSTP: the user wants the shell */
    SIGNALS_CONTINUE = 8
};

/* Before any thread starts, so that all of them leave these signals to the
 * descriptor.  SIGPIPE is ignored.  Returns the descriptor, -1 with errno. */
int signals_open(void);
/* Back to the default actions: from here a second Ctrl-C ends the program. */
void signals_close(int fd);

unsigned signals_read(int fd); /* enum signals bits; never waits */
void signals_stop_here(void);  /* stops the process as SIGTSTP does; returns when it goes on */

#endif
