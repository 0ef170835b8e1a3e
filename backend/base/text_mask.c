/* Masking of likely passwords in log lines: text_mask() of text.h.
 *
 * Two shapes are looked for, in one pass:
 *   name = value     where the name ends in a word of the table below; quotes
 *                    around either, also JSON's \" and the \\\" of JSON in JSON
 *   scheme://user:password@
 * Where the end of a value is in doubt, more is masked rather than less. */
#include "backend/base/text.h"

#include <string.h>

#include "backend/base/mem.h"

#define NAME_MAX_CHARS 24 /* longest word below; longer names are judged by their end */
#define URL_MAX 1024      /* how far a password in a URL is looked for: keeps the pass linear */
#define STARS 3

/* Endings of names, lower case, without '_' and '-'.  "secret" alone is not among
 * them: DB_SECRET_NAME and "secret: prod/orders" are what an operator must see. */
static const char *const endings[] = {
    "password",     "passwd",        "pwd",          "passphrase",  "dbpass",
    "userpass",     "pgpass",        "secretkey",    "secretvalue", "secretaccesskey",
    "secretstring", "secretbinary",  "clientsecret", "accesstoken", "authtoken",
    "refreshtoken", "securitytoken", "sessiontoken", "apikey",      "privatekey",
};

struct line {
    char *s;
    size_t n;
};

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_alnum(char c)
{
    return (lower(c) >= 'a' && lower(c) <= 'z') || is_digit(c);
}

static bool is_name(char c)
{
    return is_alnum(c) || c == '_' || c == '-';
}

static bool is_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static bool is_quote(char c)
{
    return c == '"' || c == '\'' || c == '`';
}

/* strchr() would count a NUL of the text as one of the set. */
static bool is_one_of(char c, const char *set)
{
    return c != '\0' && strchr(set, c);
}

static char at(const struct line *in, size_t i)
{
    return i < in->n ? in->s[i] : '\0';
}

static size_t skip(const struct line *in, size_t i, bool (*is_kind)(char))
{
    while (i < in->n && is_kind(in->s[i]))
        i++;
    return i;
}

static bool is_backslash(char c)
{
    return c == '\\';
}

/* Does the name in [start, end) end in a word of the table? */
static bool is_telling(const struct line *in, size_t start, size_t end)
{
    char word[NAME_MAX_CHARS];
    size_t length = 0;

    /* read from its end, written from the end of the array */
    for (size_t i = end; i > start && length < sizeof(word); i--) {
        if (is_alnum(in->s[i - 1]))
            word[sizeof(word) - ++length] = lower(in->s[i - 1]);
    }
    for (size_t i = 0; i < ARRAY_LEN(endings); i++) {
        size_t n = strlen(endings[i]);
        if (n <= length && memcmp(word + sizeof(word) - n, endings[i], n) == 0)
            return true;
    }
    return false;
}

/* Past the closing quote of a name and past "=", ":", ":=" or "=>"; 0 when there is none. */
static size_t after_separator(const struct line *in, size_t i)
{
    size_t quote = skip(in, i, is_backslash);

    if (is_quote(at(in, quote)))
        i = quote + 1;
    i = skip(in, i, is_space);
    if (at(in, i) != '=' && at(in, i) != ':')
        return 0;
    i++;
    if (at(in, i) == '=' || at(in, i) == '>')
        i++;
    return skip(in, i, is_space);
}

/* The end of a quoted value that began with `slashes` backslashes and a quote.
 * One level deeper doubles the backslashes of the text and adds one before each
 * quote; so the closing quote has as many as the opening one, on top of a
 * multiple of twice that many plus two, which belongs to the text. */
static size_t end_of_quoted(const struct line *in, size_t i, char quote, size_t slashes)
{
    while (i < in->n) {
        size_t first = i;
        i = skip(in, i, is_backslash);
        if (at(in, i) != quote) {
            i++;
            continue;
        }
        bool closes = (i - first) % (2 * (slashes + 1)) == slashes;
        bool is_doubled = slashes == 0 && quote == '\'' && at(in, i + 1) == '\''; /* SQL */
        if (closes && !is_doubled)
            return i - slashes;
        i += is_doubled ? 2 : 1;
    }
    return in->n;
}

/* JSON and objects printed by Node end a bare value; elsewhere only white space
 * and quotes do, since passwords may well hold commas, semicolons and ampersands. */
static size_t end_of_bare(const struct line *in, size_t i, bool is_json)
{
    for (; i < in->n && !is_space(in->s[i]) && !is_quote(in->s[i]); i++) {
        if (is_json && is_one_of(in->s[i], ",}]"))
            break;
    }
    return i;
}

/* "password: undefined" is what an operator looks for, and hides nothing. */
static bool is_absent(const struct line *in, size_t start, size_t end)
{
    static const char *const words[] = {"undefined", "null", "None", "nil"};

    while (end > start && is_one_of(in->s[end - 1], ",;})]"))
        end--;
    for (size_t i = 0; i < ARRAY_LEN(words); i++) {
        if (strlen(words[i]) == end - start && memcmp(in->s + start, words[i], end - start) == 0)
            return true;
    }
    return end == start;
}

struct span {
    size_t start, end; /* of the value; empty when there is none */
};

static struct span quoted_or_bare(const struct line *in, size_t i, bool is_json)
{
    size_t quote = skip(in, i, is_backslash);

    if (is_quote(at(in, quote)))
        return (struct span){quote + 1, end_of_quoted(in, quote + 1, in->s[quote], quote - i)};
    size_t end = end_of_bare(in, i, is_json);
    return is_absent(in, i, end) ? (struct span){i, i} : (struct span){i, end};
}

/* The value that belongs to the name in [start, end).  What follows is looked at
 * first: few names have a value, and it is cheaper than the table. */
static struct span value_of_name(const struct line *in, size_t start, size_t end)
{
    size_t value = after_separator(in, end);
    size_t next = skip(in, end, is_space);
    bool is_sql = value == 0 && next > end && at(in, next) == '\''; /* ALTER ROLE ... PASSWORD '...' */

    if ((value == 0 && !is_sql) || !is_telling(in, start, end))
        return (struct span){end, end};
    if (is_sql)
        return quoted_or_bare(in, next, false);
    return quoted_or_bare(in, value, is_quote(at(in, end)) || at(in, end) == '\\');
}

/* The password of the URL whose authority begins at i. */
static struct span password_of_url(const struct line *in, size_t i)
{
    size_t limit = in->n - i < URL_MAX ? in->n : i + URL_MAX;
    size_t colon = 0, slash = 0, host = 0; /* the first colon, the first slash, the last @ */

    for (size_t j = i; j < limit && !is_space(in->s[j]) && !is_quote(in->s[j]); j++) {
        char c = in->s[j];
        if (c == '@' && colon > 0)
            host = j;
        if (c == ':' && colon == 0)
            colon = j;
        if (slash == 0 && is_one_of(c, "/?#")) {
            slash = j;
            bool is_port = colon > 0 && skip(in, colon + 1, is_digit) == j;
            if (host > 0 || colon == 0 || is_port)
                break; /* what follows is the path */
        }
    }
    if (host == 0)
        return (struct span){i, i};
    return (struct span){colon + 1, host};
}

size_t text_mask(char *s, size_t n)
{
    const struct line in = {.s = s, .n = n};
    size_t kept = 0; /* bytes of the result */

    for (size_t i = 0; i < n;) {
        struct span value = {i, i};
        size_t next = i + 1;

        if (is_name(s[i])) {
            next = skip(&in, i, is_name);
            value = value_of_name(&in, i, next);
        } else if (n - i >= 3 && memcmp(s + i, "://", 3) == 0) {
            next = i + 3;
            value = password_of_url(&in, next);
        }
        /* up to the value as it is, then stars: the result is never ahead of the reading */
        if (value.end > value.start)
            next = value.start;
        if (kept < i)
            memmove(s + kept, s + i, next - i);
        kept += next - i;
        i = next;
        if (value.end > value.start) {
            size_t stars = value.end - value.start < STARS ? value.end - value.start : STARS;
            memset(s + kept, '*', stars);
            kept += stars;
            i = value.end;
        }
    }
    return kept;
}
