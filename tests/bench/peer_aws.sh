#!/bin/bash
# The peer in shell: what `credtop status` tells, from the aws CLI and psql, one
# environment after the other.
#
#     peer_aws.sh AWS URL ACCOUNT REGION START_MS ENVIRONMENT...
#
# Prints how many events it saw.
set -euo pipefail
aws=$1 url=$2 account=$3 region=$4 start_ms=$5
shift 5
export AWS_PROFILE=$account AWS_DEFAULT_REGION=$region
total=0

# What follows a key in the secret's JSON.
member() {
    python3 -c 'import json, sys; print(json.loads(sys.argv[1])[sys.argv[2]])' "$@"
}

for name in "$@"; do
    "$aws" --endpoint-url "$url" secretsmanager describe-secret --secret-id "$name/app/db" >/dev/null
    n=$("$aws" --endpoint-url "$url" logs filter-log-events --log-group-name "/aws/lambda/$name" \
        --start-time "$start_ms" --output json | grep -c '"eventId"')
    total=$((total + n))
    secret=$("$aws" --endpoint-url "$url" secretsmanager get-secret-value --secret-id "$name/app/db" \
        --query SecretString --output text)
    PGPASSWORD=$(member "$secret" password) PGSSLMODE=verify-full PGSSLROOTCERT=$BENCH_CA \
        psql -X -q -h "$(member "$secret" host)" -p "$(member "$secret" port)" -U "$(member "$secret" username)" \
        -d "$(member "$secret" dbname)" -c 'SELECT 1' >/dev/null
done
echo "$total"
