/* What the endpoint can do: one log group paged to its end by as little as a client can be,
 * libcurl and a search for the token.  No event is looked at.
 *
 *     pager URL KEY_ID SECRET REGION GROUP START_MS     prints the pages and bytes read */
#include <curl/curl.h>
#include <inttypes.h>

#include "backend/base/mem.h"
#include "backend/base/strbuf.h"

#define PAGE_MAX (8u << 20)

static size_t take(char *bytes, size_t size, size_t n, void *to)
{
    strbuf_add(to, bytes, size * n);
    return size * n;
}

/* The token, which stands behind the events; false on the last page. */
static bool next_token(const struct strbuf *page, char *out, size_t size)
{
    static const char name[] = "\"nextToken\":\"";
    const char *p = strbuf_peek(page), *from = memmem(p, page->len, name, sizeof name - 1);
    if (from == NULL)
        return false;
    from += sizeof name - 1;
    const char *end = strchr(from, '"');
    return end != NULL && str_copy_n(out, size, from, (size_t)(end - from));
}

/* Over the quota: again a little later, as often as it takes. */
static void ask(CURL *curl, const char *body, struct strbuf *page)
{
    const struct timespec a_little = {.tv_nsec = 5000000};
    long status = 0;
    CURLcode code;
    (void)curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body);
    for (;;) {
        strbuf_reset(page);
        code = curl_easy_perform(curl);
        (void)curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
        if (code != CURLE_OK || status != 400 || strstr(strbuf_peek(page), "ThrottlingException") == NULL)
            break;
        (void)nanosleep(&a_little, NULL);
    }
    if (code != CURLE_OK || status != 200 || strbuf_cut(page)) {
        fprintf(stderr, "pager: %s, status %ld: %.300s\n", curl_easy_strerror(code), status, strbuf_peek(page));
        exit(1);
    }
}

int main(int argc, char **argv)
{
    char user[300], sign[100], body[4096], token[2048] = "";
    size_t pages = 0;
    uint64_t bytes = 0;
    struct strbuf page;
    CURL *curl = argc == 7 ? curl_easy_init() : NULL;
    if (curl == NULL || !str_fmt(user, sizeof user, "%s:%s", argv[2], argv[3]) ||
        !str_fmt(sign, sizeof sign, "aws:amz:%s:logs", argv[4])) {
        fputs("usage: pager URL KEY_ID SECRET REGION GROUP START_MS\n", stderr);
        return 2;
    }
    strbuf_init(&page, PAGE_MAX);
    struct curl_slist *headers = curl_slist_append(NULL, "Content-Type: application/x-amz-json-1.1");
    headers = curl_slist_append(headers, "X-Amz-Target: Logs_20140328.FilterLogEvents");
    (void)curl_easy_setopt(curl, CURLOPT_URL, argv[1]);
    (void)curl_easy_setopt(curl, CURLOPT_USERPWD, user);
    (void)curl_easy_setopt(curl, CURLOPT_AWS_SIGV4, sign);
    (void)curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    (void)curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take);
    (void)curl_easy_setopt(curl, CURLOPT_WRITEDATA, &page);
    do {
        bool fits =
            str_fmt(body, sizeof body, "{\"logGroupName\":\"%s\",\"startTime\":%s,\"limit\":10000%s%s%s}", argv[5],
                    argv[6], *token != '\0' ? ",\"nextToken\":\"" : "", token, *token != '\0' ? "\"" : "");
        ASSERT(fits);
        ask(curl, body, &page);
        pages++;
        bytes += page.len;
    } while (next_token(&page, token, sizeof token));
    printf("%zu %" PRIu64 "\n", pages, bytes);
    strbuf_clear(&page);
    curl_slist_free_all(headers);
    curl_easy_cleanup(curl);
    return 0;
}
