/* Security Token Service, query protocol: who is calling, and becoming somebody else. */
#include "backend/base/clock.h"
#include "backend/base/mem.h"
#include "tests/sandbox/awsim_call.h"

#define XMLNS "https://sts.amazonaws.com/doc/2011-06-15/"

static void begin(struct call *c, const char *name)
{
    c->out->type = "text/xml";
    strbuf_fmt(&c->out->body, "<%sResponse xmlns=\"" XMLNS "\"><%sResult>", name, name);
}

static void add_element(struct call *c, const char *name, const char *text)
{
    strbuf_fmt(&c->out->body, "<%s>", name);
    reply_xml(&c->out->body, text);
    strbuf_fmt(&c->out->body, "</%s>", name);
}

static void end(struct call *c, const char *name)
{
    strbuf_fmt(&c->out->body, "</%sResult><ResponseMetadata><RequestId>%s</RequestId></ResponseMetadata></%sResponse>",
               name, c->request_id, name);
}

void sts_get_caller_identity(struct call *c)
{
    begin(c, "GetCallerIdentity");
    add_element(c, "Arn", c->key->arn);
    add_element(c, "UserId", c->key->user_id);
    add_element(c, "Account", c->key->account);
    end(c, "GetCallerIdentity");
}

/* ------------------------------------------------------------ AssumeRole */

/* What both ways of assuming a role have in common. */
struct assumption {
    const char *role_arn, *session_name;
    int64_t duration_s;
    const struct sim_role *role; /* NULL: there is no such role */
};

static bool refuse_unknown(struct call *c)
{
    static const char *const not_simulated[] = {
        "Policy",    "PolicyArns.member.1.arn", "Tags.member.1.Key", "TransitiveTagKeys.member.1", "SourceIdentity",
        "ProviderId"};
    for (size_t i = 0; i < ARRAY_LEN(not_simulated); i++)
        if (json_object_get(c->in, not_simulated[i])) {
            call_fail(c, "ValidationError", "awsim does not simulate %s", not_simulated[i]);
            return false;
        }
    return true;
}

static bool assumption_read(struct call *c, struct assumption *out)
{
    static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_+=,.@-";
    *out = (struct assumption){.duration_s = SESSION_DEFAULT_S};
    if (!refuse_unknown(c) || !arg_need_text(c, "RoleArn", 20, 2048, &out->role_arn) ||
        !arg_need_text(c, "RoleSessionName", 2, 64, &out->session_name) ||
        !arg_int(c, "DurationSeconds", SESSION_MIN_S, SESSION_MAX_S, &out->duration_s))
        return false;
    if (strspn(out->session_name, allowed) != strlen(out->session_name)) {
        call_fail(c, "ValidationError",
                  "1 validation error detected: Value '%s' at 'roleSessionName' failed to satisfy constraint: Member "
                  "must satisfy regular expression pattern: [\\w+=,.@-]*",
                  out->session_name);
        return false;
    }
    out->role = identity_role(&c->sim->identity, out->role_arn);
    return true;
}

static bool duration_fits(struct call *c, const struct assumption *a)
{
    if (c->key && c->key->role && a->duration_s > SESSION_CHAINED_MAX_S) {
        call_fail(c, "ValidationError",
                  "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining");
        return false;
    }
    if (a->duration_s <= a->role->max_duration_s)
        return true;
    call_fail(c, "ValidationError", "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.");
    return false;
}

static void answer_session(struct call *c, const struct assumption *a, const char *operation, const char *subject)
{
    const struct sim_key *k = session_new(c->sim, a->role, a->session_name, a->duration_s);
    if (!k) {
        call_fail_status(c, 503, "ServiceUnavailable", "awsim holds too many sessions");
        return;
    }
    char until[25];
    clock_iso(k->expires_ms, until);
    begin(c, operation);
    strbuf_str(&c->out->body, "<Credentials>");
    add_element(c, "AccessKeyId", k->id);
    add_element(c, "SecretAccessKey", k->secret);
    add_element(c, "SessionToken", k->token);
    add_element(c, "Expiration", until);
    strbuf_str(&c->out->body, "</Credentials><AssumedRoleUser>");
    add_element(c, "AssumedRoleId", k->user_id);
    add_element(c, "Arn", k->arn);
    strbuf_str(&c->out->body, "</AssumedRoleUser>");
    if (subject)
        add_element(c, "SubjectFromWebIdentityToken", subject);
    end(c, operation);
}

static bool text_is(const char *given, const char *wanted)
{
    return given && strcmp(given, wanted) == 0;
}

/* NULL: the role's trust policy lets the caller in. */
static const char *trust_trouble(const struct call *c, const struct sim_role *role, const char *external_id,
                                 const char *serial, const char *code)
{
    if (!role || !role_trusts(role, c->key) || (role->external_id && !text_is(external_id, role->external_id)))
        return "";
    if (!role->mfa_serial)
        return NULL;
    if (!text_is(serial, role->mfa_serial))
        return serial ? "MultiFactorAuthentication failed, unable to validate MFA code.  Please verify your MFA serial "
                        "number is valid and associated with this user."
                      : "";
    return text_is(code, role->mfa_code) ? NULL
                                         : "MultiFactorAuthentication failed with invalid MFA one time pass code.";
}

void sts_assume_role(struct call *c)
{
    struct assumption a;
    const char *external_id = NULL, *serial = NULL, *code = NULL;
    if (!assumption_read(c, &a) || !arg_text(c, "ExternalId", 2, 1224, &external_id) ||
        !arg_text(c, "SerialNumber", 9, 256, &serial) || !arg_text(c, "TokenCode", 6, 6, &code))
        return;
    const char *trouble = trust_trouble(c, a.role, external_id, serial, code);
    if (trouble && trouble[0] == '\0')
        call_fail_status(c, 403, "AccessDenied",
                         "User: %s is not authorized to perform: sts:AssumeRole on resource: %s", c->key->arn,
                         a.role_arn);
    else if (trouble)
        call_fail_status(c, 403, "AccessDenied", "%s", trouble);
    else if (duration_fits(c, &a))
        answer_session(c, &a, "AssumeRole", NULL);
}

void sts_assume_role_web_identity(struct call *c)
{
    struct assumption a;
    const char *token;
    if (!assumption_read(c, &a) || !arg_need_text(c, "WebIdentityToken", 4, 20000, &token))
        return;
    const struct sim_bearer *b = bearer_find(c->sim->identity.web, c->sim->identity.nweb, token);
    if (!b)
        call_fail(c, "InvalidIdentityToken",
                  "The ID Token provided is not a valid JWT. (You may see this error if you "
                  "sent an Access Token)");
    else if (b->expires_ms >= 0 && b->expires_ms <= c->now_ms)
        call_fail(c, "ExpiredTokenException",
                  "Token expired: current date/time must be before the expiration date/time");
    else if (!a.role || !bearer_may_take(b, a.role))
        call_fail_status(c, 403, "AccessDenied", "Not authorized to perform sts:AssumeRoleWithWebIdentity");
    else if (duration_fits(c, &a))
        answer_session(c, &a, "AssumeRoleWithWebIdentity", b->subject ? b->subject : "subject");
}
