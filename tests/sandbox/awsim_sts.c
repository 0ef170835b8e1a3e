/* Security Token Service, query protocol: who is calling. */
#include "tests/sandbox/awsim_call.h"

void sts_get_caller_identity(struct call *c)
{
    c->out->type = "text/xml";
    strbuf_fmt(
        &c->out->body,
        "<GetCallerIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><GetCallerIdentityResult>"
        "<Arn>%s</Arn><UserId>%s</UserId><Account>%s</Account></GetCallerIdentityResult><ResponseMetadata>"
        "<RequestId>%s</RequestId></ResponseMetadata></GetCallerIdentityResponse>",
        c->key->arn, c->key->user_id, c->key->account, c->request_id);
}
