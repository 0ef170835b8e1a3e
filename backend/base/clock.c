/* Days are counted with the proleptic Gregorian rule, in eras of 400 years that
 * begin on 1 March: the leap day is then the last of its year, and the months
 * before it have a fixed pattern of lengths. */
#include "backend/base/clock.h"

#include <stdbool.h>
#include <string.h>
#include <time.h>

#define DAY_MS INT64_C(86400000)
#define ERA_DAYS INT64_C(146097)
#define EPOCH_DAYS INT64_C(719468) /* from 0000-03-01 to 1970-01-01 */

/* 0000-01-01T00:00:00.000Z and 9999-12-31T23:59:59.999Z: what four digits hold. */
#define OLDEST_MS INT64_C(-62167219200000)
#define NEWEST_MS INT64_C(253402300799999)

struct civil {
    int year, month, day; /* month 1..12, day 1..31 */
    int hour, minute, second, ms;
};

static int64_t now_ms(clockid_t id)
{
    struct timespec now;

    if (clock_gettime(id, &now) != 0)
        return 0; /* cannot happen: both clocks are compiled into every Linux */
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int64_t real_mono_ms(void *self)
{
    (void)self;
    return now_ms(CLOCK_MONOTONIC);
}

static int64_t real_wall_ms(void *self)
{
    (void)self;
    return now_ms(CLOCK_REALTIME);
}

const struct clock *clock_real(void)
{
    static const struct clock real = {.mono_ms = real_mono_ms, .wall_ms = real_wall_ms, .self = NULL};
    return &real;
}

/* Years from 0 on only, so that plain division rounds the right way. */
static int64_t days_from_civil(int year, int month, int day)
{
    int64_t y = year + 400 - (month <= 2 ? 1 : 0); /* one era up: January of year 0 stays positive */
    int64_t era = y / 400;
    int64_t year_of_era = y % 400;
    int64_t month_from_march = (month + 9) % 12;
    int64_t day_of_year = (153 * month_from_march + 2) / 5 + day - 1;
    int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;

    return (era - 1) * ERA_DAYS + day_of_era - EPOCH_DAYS;
}

static void civil_from_days(int64_t days, struct civil *out)
{
    int64_t shifted = days + EPOCH_DAYS + ERA_DAYS;
    int64_t era = shifted / ERA_DAYS;
    int64_t day_of_era = shifted % ERA_DAYS;
    int64_t leap_free = day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / (ERA_DAYS - 1);
    int64_t year_of_era = leap_free / 365;
    int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t month_from_march = (5 * day_of_year + 2) / 153;

    out->day = (int)(day_of_year - (153 * month_from_march + 2) / 5 + 1);
    out->month = (int)(month_from_march < 10 ? month_from_march + 3 : month_from_march - 9);
    out->year = (int)(year_of_era + (era - 1) * 400 + (out->month <= 2 ? 1 : 0));
}

static struct civil civil_from_ms(int64_t wall_ms)
{
    if (wall_ms < OLDEST_MS)
        wall_ms = OLDEST_MS;
    if (wall_ms > NEWEST_MS)
        wall_ms = NEWEST_MS;

    int64_t days = wall_ms / DAY_MS;
    int64_t rest = wall_ms % DAY_MS;
    if (rest < 0) {
        days--;
        rest += DAY_MS;
    }

    struct civil c;
    civil_from_days(days, &c);
    c.hour = (int)(rest / 3600000);
    c.minute = (int)(rest / 60000 % 60);
    c.second = (int)(rest / 1000 % 60);
    c.ms = (int)(rest % 1000);
    return c;
}

static char *put_digits(char *out, int value, int width)
{
    for (int i = width - 1; i >= 0; i--) {
        out[i] = (char)('0' + value % 10);
        value /= 10;
    }
    return out + width;
}

/* A separator of '\0' writes none. */
static char *put_three(char *out, const int value[3], const int width[3], char separator)
{
    for (int i = 0; i < 3; i++) {
        if (i > 0 && separator != '\0')
            *out++ = separator;
        out = put_digits(out, value[i], width[i]);
    }
    return out;
}

static char *put_date_time(char *out, const struct civil *c, char in_date, char in_time)
{
    out = put_three(out, (const int[]){c->year, c->month, c->day}, (const int[]){4, 2, 2}, in_date);
    *out++ = 'T';
    return put_three(out, (const int[]){c->hour, c->minute, c->second}, (const int[]){2, 2, 2}, in_time);
}

void clock_iso(int64_t wall_ms, char out[25])
{
    struct civil c = civil_from_ms(wall_ms);
    char *end = put_date_time(out, &c, '-', ':');

    *end++ = 'Z';
    *end = '\0';
}

void clock_iso_ms(int64_t wall_ms, char out[29])
{
    struct civil c = civil_from_ms(wall_ms);
    char *end = put_date_time(out, &c, '-', ':');

    *end++ = '.';
    end = put_digits(end, c.ms, 3);
    *end++ = 'Z';
    *end = '\0';
}

void clock_amz(int64_t wall_ms, char out[17])
{
    struct civil c = civil_from_ms(wall_ms);
    char *end = put_date_time(out, &c, '\0', '\0');

    *end++ = 'Z';
    *end = '\0';
}

/* ------------------------------------------------------------------ reading */

struct cursor {
    const char *at, *end;
};

static bool eat(struct cursor *in, const char *literal)
{
    size_t n = strlen(literal);

    if ((size_t)(in->end - in->at) < n || memcmp(in->at, literal, n) != 0)
        return false;
    in->at += n;
    return true;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Exactly `width` digits, at most 4. */
static bool eat_digits(struct cursor *in, int width, int *out)
{
    int value = 0;

    if (in->end - in->at < width)
        return false;
    for (int i = 0; i < width; i++) {
        if (!is_digit(in->at[i]))
            return false;
        value = value * 10 + (in->at[i] - '0');
    }
    in->at += width;
    *out = value;
    return true;
}

static bool eat_time(struct cursor *in, struct civil *c)
{
    return eat_digits(in, 2, &c->hour) && eat(in, ":") && eat_digits(in, 2, &c->minute) && eat(in, ":") &&
           eat_digits(in, 2, &c->second);
}

/* Any number of digits; what is finer than a millisecond is dropped. */
static bool eat_fraction(struct cursor *in, int *out_ms)
{
    int ms = 0, weight = 100;

    if (in->at == in->end || !is_digit(*in->at))
        return false;
    for (; in->at < in->end && is_digit(*in->at); in->at++) {
        ms += weight * (*in->at - '0');
        weight /= 10;
    }
    *out_ms = ms;
    return true;
}

/* Minutes east of UTC.  No zone at all means UTC: AWS writes some stamps so. */
static bool eat_zone(struct cursor *in, int *out_minutes)
{
    int hours, minutes;

    *out_minutes = 0;
    if (in->at == in->end || eat(in, "Z"))
        return true;
    bool is_west = eat(in, "-");
    if (!is_west && !eat(in, "+"))
        return false;
    if (!eat_digits(in, 2, &hours))
        return false;
    (void)eat(in, ":"); /* both +hh:mm and +hhmm are in use */
    if (!eat_digits(in, 2, &minutes) || hours > 23 || minutes > 59)
        return false;
    *out_minutes = (hours * 60 + minutes) * (is_west ? -1 : 1);
    return true;
}

static int days_in_month(int year, int month)
{
    static const int days[12] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool is_leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

    return month == 2 && is_leap ? 29 : days[month - 1];
}

static bool is_possible(const struct civil *c)
{
    return c->month >= 1 && c->month <= 12 && c->day >= 1 && c->day <= days_in_month(c->year, c->month) &&
           c->hour <= 23 && c->minute <= 59 && c->second <= 59;
}

static int64_t ms_from_civil(const struct civil *c)
{
    int64_t seconds = (int64_t)c->hour * 3600 + c->minute * 60 + c->second;

    return days_from_civil(c->year, c->month, c->day) * DAY_MS + seconds * 1000 + c->ms;
}

int clock_parse_iso(const char *s, size_t n, int64_t *out_ms)
{
    struct cursor in = {.at = s, .end = s + n};
    struct civil c = {0};
    int east_minutes;

    if (!eat_digits(&in, 4, &c.year) || !eat(&in, "-") || !eat_digits(&in, 2, &c.month) || !eat(&in, "-") ||
        !eat_digits(&in, 2, &c.day) || !eat(&in, "T") || !eat_time(&in, &c))
        return false;
    if (eat(&in, ".") && !eat_fraction(&in, &c.ms))
        return false;
    if (!eat_zone(&in, &east_minutes) || in.at != in.end || !is_possible(&c))
        return false;
    *out_ms = ms_from_civil(&c) - (int64_t)east_minutes * 60000;
    return true;
}

static bool eat_name(struct cursor *in, const char (*names)[4], int count, int *out)
{
    for (int i = 0; i < count; i++) {
        if (eat(in, names[i])) {
            *out = i;
            return true;
        }
    }
    return false;
}

int clock_parse_http(const char *s, size_t n, int64_t *out_ms)
{
    static const char weekdays[7][4] = {"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"};
    static const char months[12][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                       "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    struct cursor in = {.at = s, .end = s + n};
    struct civil c = {0};
    int weekday;

    if (!eat_name(&in, weekdays, 7, &weekday) || !eat(&in, ", ") || !eat_digits(&in, 2, &c.day) || !eat(&in, " ") ||
        !eat_name(&in, months, 12, &c.month) || !eat(&in, " ") || !eat_digits(&in, 4, &c.year) || !eat(&in, " ") ||
        !eat_time(&in, &c) || !eat(&in, " GMT") || in.at != in.end)
        return false;
    c.month++;
    if (!is_possible(&c))
        return false;
    /* 1970-01-01 was a Thursday.  A day that does not fit its date is a broken header, and the
     * clock is not to be corrected from one of those. */
    if ((days_from_civil(c.year, c.month, c.day) + 3 + 7 * ERA_DAYS * 8) % 7 != weekday)
        return false;
    *out_ms = ms_from_civil(&c);
    return true;
}
