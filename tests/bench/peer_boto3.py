"""The peer in Python.

    peer_boto3.py oneshot URL ACCOUNT REGION START_MS ENVIRONMENT...   one process, 20 threads
    peer_boto3.py events  URL ACCOUNT REGION START_MS GROUP            one group to the end

oneshot does for every environment what `credtop status` does: the secret's labels, the last
hour's logs, the secret's value, a login with it (psycopg2, or psql where that is missing).
Prints how many events it saw."""
import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import boto3
from botocore.config import Config

try:
    import psycopg2
except ImportError:
    psycopg2 = None


def login(d):
    ca = os.environ["BENCH_CA"]
    if psycopg2:
        psycopg2.connect(host=d["host"], port=d["port"], dbname=d["dbname"], user=d["username"], password=d["password"],
                         sslmode="verify-full", sslrootcert=ca).close()
    else:
        subprocess.run(["psql", "-X", "-q", "-c", "SELECT 1"], check=True, stdout=subprocess.DEVNULL, env=dict(
            os.environ, PGHOST=d["host"], PGPORT=str(d["port"]), PGDATABASE=d["dbname"], PGUSER=d["username"],
            PGPASSWORD=d["password"], PGSSLMODE="verify-full", PGSSLROOTCERT=ca))


def events_of(logs, group, start_ms, **more):
    pages = logs.get_paginator("filter_log_events").paginate(logGroupName=group, startTime=start_ms, **more)
    return sum(len(page["events"]) for page in pages)


def main():
    what, url, account, region, start_ms, *names = sys.argv[1:]
    session = boto3.Session(profile_name=account)
    settings = dict(region_name=region, endpoint_url=url, config=Config(max_pool_connections=20))
    logs = session.client("logs", **settings)
    if what == "events":
        print(events_of(logs, names[0], int(start_ms)))
        return
    secrets = session.client("secretsmanager", **settings)

    def environment(name):
        secrets.describe_secret(SecretId=f"{name}/app/db")
        n = events_of(logs, f"/aws/lambda/{name}", int(start_ms))
        login(json.loads(secrets.get_secret_value(SecretId=f"{name}/app/db")["SecretString"]))
        return n

    with ThreadPoolExecutor(20) as pool:
        print(sum(pool.map(environment, names)))


main()
