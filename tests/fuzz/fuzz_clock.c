/* libFuzzer: any bytes as a time of AWS's and as a Date: header, against the C library.  Both
 * take the same bytes and read the same moment, and what is written reads the same again.
 * Links the base; clang -fsanitize=fuzzer,address,undefined. */
#include <stdbool.h>
#include <stdint.h>

#include "backend/base/clock.h"
#include "backend/base/mem.h"
#include "tests/fuzz/fuzz.h"

#define LAST_MS INT64_C(253402300799999) /* of the year 9999 */

static bool digits(const char *s, size_t n, int *out)
{
    *out = 0;
    for (size_t i = 0; i < n; i++) {
        if (s[i] < '0' || s[i] > '9')
            return false;
        *out = *out * 10 + (s[i] - '0');
    }
    return true;
}

/* timegm() takes a 30 February, and makes a March of it: what comes back must be what went in. */
static bool moment_of(const struct tm *t, int64_t *out_ms)
{
    struct tm given = *t, back;
    time_t seconds = timegm(&given);
    *out_ms = (int64_t)seconds * 1000;
    return gmtime_r(&seconds, &back) != NULL && back.tm_year == t->tm_year && back.tm_mon == t->tm_mon &&
           back.tm_mday == t->tm_mday && back.tm_hour == t->tm_hour && back.tm_min == t->tm_min &&
           back.tm_sec == t->tm_sec;
}

/* "", "Z", "+0130" or "-01:30". */
static bool zone_of(const char *s, int64_t *out_east_ms)
{
    size_t n = strlen(s);
    int hours = 0, minutes = 0;
    *out_east_ms = 0;
    if (n == 0 || strcmp(s, "Z") == 0)
        return true;
    bool colon = n == 6 && s[3] == ':';
    if ((*s != '+' && *s != '-') || (n != 5 && !colon) || !digits(s + 1, 2, &hours) || !digits(s + n - 2, 2, &minutes) ||
        hours > 23 || minutes > 59)
        return false;
    *out_east_ms = (hours * 60 + minutes) * (*s == '-' ? INT64_C(-60000) : INT64_C(60000));
    return true;
}

static bool reference_iso(const char *s, size_t n, int64_t *out_ms)
{
    static const char shape[] = "dddd-dd-ddTdd:dd:dd";
    struct tm t = {0};
    int64_t east;
    int fraction = 0;
    if (n < sizeof shape - 1 || memchr(s, '\0', n) != NULL)
        return false;
    for (size_t i = 0; shape[i] != '\0'; i++)
        if (shape[i] == 'd' ? s[i] < '0' || s[i] > '9' : s[i] != shape[i])
            return false;
    (void)(digits(s, 4, &t.tm_year) && digits(s + 5, 2, &t.tm_mon) && digits(s + 8, 2, &t.tm_mday) &&
           digits(s + 11, 2, &t.tm_hour) && digits(s + 14, 2, &t.tm_min) && digits(s + 17, 2, &t.tm_sec));
    t.tm_year -= 1900;
    t.tm_mon--;
    s += sizeof shape - 1;
    if (*s == '.') {
        size_t m = strspn(s + 1, "0123456789");
        char padded[4] = "000";
        memcpy(padded, s + 1, m < 3 ? m : 3);
        if (m == 0 || !digits(padded, 3, &fraction))
            return false;
        s += m + 1;
    }
    if (!zone_of(s, &east) || !moment_of(&t, out_ms))
        return false;
    *out_ms += fraction - east;
    return true;
}

static void check_iso(const char *s, size_t n)
{
    char stamp[29], seconds[25], amz[17], theirs[40];
    struct tm t;
    int64_t ours = 0, reference = 0, again;
    bool good = clock_parse_iso(s, n, &ours);
    ASSERT(good == reference_iso(s, n, &reference));
    if (!good)
        return;
    ASSERT(ours == reference);
    if (ours < 0 || ours > LAST_MS)
        return; /* written with four digits of a year, these are another moment */
    time_t whole = (time_t)(ours / 1000);
    clock_iso_ms(ours, stamp);
    clock_iso(ours, seconds);
    clock_amz(ours, amz);
    ASSERT(clock_parse_iso(stamp, strlen(stamp), &again) && again == ours);
    ASSERT(gmtime_r(&whole, &t) != NULL && strftime(theirs, sizeof theirs, "%Y-%m-%dT%H:%M:%SZ", &t) > 0);
    ASSERT(strcmp(seconds, theirs) == 0);
    ASSERT(strftime(theirs, sizeof theirs, "%Y%m%dT%H%M%SZ", &t) > 0 && strcmp(amz, theirs) == 0);
}

/* What is accepted is what the C library writes for that moment, to the byte. */
static void check_http(const char *s, size_t n)
{
    char theirs[64];
    struct tm t;
    int64_t ms;
    if (!clock_parse_http(s, n, &ms))
        return;
    time_t whole = (time_t)(ms / 1000);
    ASSERT(ms % 1000 == 0 && gmtime_r(&whole, &t) != NULL);
    if (t.tm_year + 1900 < 1000)
        return; /* which is written with fewer digits there */
    ASSERT(strftime(theirs, sizeof theirs, "%a, %d %b %Y %H:%M:%S GMT", &t) == n && memcmp(theirs, s, n) == 0);
}

/* ...and whatever it writes is accepted. */
static void check_moment(const uint8_t *data, size_t size)
{
    char theirs[64];
    struct tm t;
    uint64_t raw = 0;
    int64_t ms;
    memcpy(&raw, data, size < sizeof raw ? size : sizeof raw);
    time_t whole = (time_t)(raw % (uint64_t)(LAST_MS / 1000));
    ASSERT(gmtime_r(&whole, &t) != NULL);
    size_t n = strftime(theirs, sizeof theirs, "%a, %d %b %Y %H:%M:%S GMT", &t);
    ASSERT(clock_parse_http(theirs, n, &ms) && ms == (int64_t)whole * 1000);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *bytes = mem_copy_bytes(data, size);
    check_iso(bytes, size);
    check_http(bytes, size);
    check_moment(data, size);
    free(bytes);
    return 0;
}
