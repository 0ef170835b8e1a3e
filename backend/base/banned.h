/* Functions this house does not use: each has a safer twin in backend/base, and
 * naming one stops the build (the Makefile includes this file everywhere).  The
 * system headers are read first, so that only our own uses are caught. */
#ifndef CT_BANNED_H
#define CT_BANNED_H

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* With _FORTIFY_SOURCE and clang some of these are macros, and a macro cannot be
 * poisoned. */
#undef sprintf
#undef vsprintf

#pragma GCC poison strcpy strcat strncpy strncat sprintf vsprintf gets strtok atoi atol atoll
#pragma GCC poison sscanf fscanf gmtime localtime ctime asctime system popen usleep

#endif
