#include "backend/aws/wire.h"

#include "backend/base/clock.h"
#include "backend/base/mem.h"
#include "backend/base/strbuf.h"

static void add_header(struct wire *w, const char *name, const char *value)
{
    ASSERT(w->n < ARRAY_LEN(w->headers));
    w->headers[w->n++] = (struct http_header){name, value};
}

/* As AWS's clients write a name into a path: all but RFC 3986's unreserved characters by
 * their code, the '/' and the ':' of an ARN, too. */
static void add_name(struct strbuf *b, const char *name)
{
    static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
    for (; *name != '\0'; name++)
        if (strchr(plain, *name) != NULL)
            strbuf_char(b, *name);
        else
            strbuf_fmt(b, "%%%02X", (unsigned)(unsigned char)*name);
}

/* A name of dots alone would be no name to whoever tidies paths up. */
static enum err write_path(struct wire *w, const struct aws_op_row *row, const char *name, struct why *why)
{
    struct strbuf b;
    const char *star = row->path != NULL ? strchr(row->path, '*') : NULL;
    (void)str_copy(w->path, sizeof w->path, row->path != NULL ? row->path : "/");
    if (star == NULL)
        return ERR_OK;
    if (name == NULL || strlen(name) > WIRE_NAME_MAX || strspn(name, ".") == strlen(name))
        return why_set(why, ERR_INVALID, "there is no name for its path");
    strbuf_init(&b, sizeof w->path - 1);
    strbuf_add(&b, row->path, (size_t)(star - row->path));
    add_name(&b, name);
    strbuf_str(&b, star + 1);
    bool fits = !strbuf_cut(&b) && str_copy(w->path, sizeof w->path, strbuf_peek(&b));
    strbuf_clear(&b);
    return fits ? ERR_OK : why_set(why, ERR_INVALID, "its path is too long");
}

static void add_protocol(struct wire *w, const struct aws_op_row *row, const char *body)
{
    if (row->path != NULL) {
        if (body[0] != '\0')
            add_header(w, "Content-Type", "application/json");
    } else if (row->service == AWS_STS) {
        add_header(w, "Content-Type", "application/x-www-form-urlencoded; charset=utf-8");
    } else {
        (void)str_fmt(w->target, sizeof w->target, "%s.%s",
                      row->service == AWS_LOGS ? "Logs_20140328" : "secretsmanager", row->name);
        add_header(w, "Content-Type", "application/x-amz-json-1.1");
        add_header(w, "X-Amz-Target", w->target);
    }
}

static enum err sign(struct wire *w, const char *query, const struct endpoint *ep, const struct identity *id,
                     const char *body)
{
    struct sigv4_header signed_headers[ARRAY_LEN(w->headers)];
    for (size_t i = 0; i < w->n; i++)
        signed_headers[i] = (struct sigv4_header){w->headers[i].name, w->headers[i].value};
    struct sigv4_request rq = {
        .method = w->method,
        .path = w->path,
        .query = query,
        .headers = signed_headers,
        .nheaders = w->n,
        .body = body,
        .body_len = strlen(body),
    };
    struct sigv4_key key = {
        .access_key_id = id->access_key_id,
        .secret_access_key = secret_peek(id->secret_access_key, NULL),
        .region = ep->region,
        .service = ep->signing_name,
    };
    return sigv4_sign(&rq, &key, w->date, &w->signature);
}

enum err wire_sign(struct wire *w, const struct aws_op_row *row, const char *name, const char *query,
                   const struct endpoint *ep, const struct identity *id, int64_t wall_ms, const char *body,
                   struct why *why)
{
    *w = (struct wire){.method = row->path != NULL ? row->method : "POST"};
    enum err err = write_path(w, row, name, why);
    if (err != ERR_OK)
        return err;
    query = query != NULL ? query : "";
    if (strlen(query) > WIRE_QUERY_MAX || (query[0] != '\0' && row->path == NULL))
        return why_set(why, ERR_INVALID, "there is no place for its query");
    (void)str_fmt(w->url, sizeof w->url, "%s%s%s%s", ep->url, row->path != NULL ? w->path : "",
                  query[0] != '\0' ? "?" : "", query);
    clock_amz(wall_ms, w->date);
    add_header(w, "Host", ep->host);
    add_header(w, "X-Amz-Date", w->date);
    add_protocol(w, row, body);
    if (id->session_token != NULL)
        add_header(w, "X-Amz-Security-Token", secret_peek(id->session_token, NULL));
    err = sign(w, query, ep, id, body);
    if (err != ERR_OK)
        return why_set(why, err, "request cannot be signed");
    add_header(w, "Authorization", w->signature.authorization);
    add_header(w, "Accept", row->service == AWS_STS ? "application/xml" : "application/json");
    return ERR_OK;
}
