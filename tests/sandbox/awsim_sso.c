/* IAM Identity Center: a role's credentials for a bearer token, and a new token for a
 * refresh token.  Nothing of it is signed. */
#include "backend/base/mem.h"
#include "tests/sandbox/awsim_auth.h"

void sso_get_role_credentials(struct call *c)
{
    const struct identity *id = &c->sim->identity;
    const char *role_name, *account;
    const char *token = http_in_header(c->http, "x-amz-sso_bearer_token");
    if (!arg_need_text(c, "role_name", 1, 64, &role_name) || !arg_need_text(c, "account_id", 12, 12, &account))
        return;
    const struct sim_bearer *b = token ? bearer_find(id->sso, id->nsso, token) : NULL;
    if (!b || (b->expires_ms >= 0 && b->expires_ms <= c->now_ms)) {
        call_fail_status(c, 401, "UnauthorizedException", "Session token not found or invalid");
        return;
    }
    const struct sim_role *role = NULL;
    for (size_t i = 0; i < b->nroles; i++)
        if (strcmp(b->roles[i]->name, role_name) == 0 && strcmp(b->roles[i]->account, account) == 0)
            role = b->roles[i];
    if (!role) {
        call_fail_status(c, 403, "ForbiddenException", "No access");
        return;
    }
    const struct sim_key *k = session_new(c->sim, role, b->subject ? b->subject : "sso-user", role->max_duration_s);
    if (!k) {
        call_fail_status(c, 503, "ServiceUnavailableException", "awsim holds too many sessions");
        return;
    }
    c->out->type = "application/json";
    call_answer(c, json_pack("{s{ss ss ss sI}}", "roleCredentials", "accessKeyId", k->id, "secretAccessKey", k->secret,
                             "sessionToken", k->token, "expiration", (json_int_t)k->expires_ms));
}

/* ----------------------------------------------------------- CreateToken */

static struct sim_bearer *by_refresh_token(const struct identity *id, const char *refresh)
{
    for (size_t i = 0; i < id->nsso; i++)
        if (id->sso[i]->refresh && strcmp(id->sso[i]->refresh, refresh) == 0)
            return id->sso[i];
    return NULL;
}

void oidc_create_token(struct call *c)
{
    static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-";
    const char *client, *secret, *grant, *refresh;
    if (!arg_need_text(c, "clientId", 1, 1024, &client) || !arg_need_text(c, "clientSecret", 1, 4096, &secret) ||
        !arg_need_text(c, "grantType", 1, 256, &grant))
        return;
    if (strcmp(grant, "refresh_token") != 0) {
        call_fail(c, "UnsupportedGrantTypeException", "awsim simulates the grant type refresh_token alone");
        return;
    }
    if (!arg_need_text(c, "refreshToken", 1, 4096, &refresh))
        return;
    struct sim_bearer *b = by_refresh_token(&c->sim->identity, refresh);
    if (!b) {
        call_fail(c, "InvalidGrantException", "Invalid refresh token provided");
    } else if (strcmp(b->client_id, client) != 0 || strcmp(b->client_secret, secret) != 0) {
        call_fail_status(c, 401, "InvalidClientException", "Client is not known");
    } else if (b->refresh_expires_ms >= 0 && b->refresh_expires_ms <= c->now_ms) {
        call_fail(c, "ExpiredTokenException", "The refresh token has expired");
    } else {
        /* The token before it stays good until its own end, as a client that raced us needs it. */
        char token[81];
        random_text(token, sizeof token - 1, alphabet);
        struct sim_bearer *fresh = bearer_add(&c->sim->identity.sso, &c->sim->identity.nsso, token);
        fresh->expires_ms = c->now_ms + 1000 * b->refreshed_s;
        fresh->subject = mem_copy_str(b->subject);
        fresh->roles = mem_array(b->nroles + 1, sizeof(struct sim_role *));
        for (size_t i = 0; i < b->nroles; i++)
            fresh->roles[fresh->nroles++] = b->roles[i];
        c->out->type = "application/json";
        call_answer(c, json_pack("{ss ss sI ss}", "accessToken", token, "tokenType", "Bearer", "expiresIn",
                                 (json_int_t)b->refreshed_s, "refreshToken", b->refresh));
    }
}
