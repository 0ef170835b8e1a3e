/* Values that may not be known: never zero by accident. */
#ifndef CT_UNKNOWN_H
#define CT_UNKNOWN_H

#include <stdint.h>

#define TIME_UNKNOWN ((int64_t)-1) /* of a time in milliseconds */

enum tri { TRI_UNKNOWN, TRI_NO, TRI_YES };

#endif
