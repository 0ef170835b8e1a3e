"""What one would use instead: where it is, and whether it is there."""
import json
import os
import shutil
import subprocess

HERE = os.path.dirname(os.path.abspath(__file__))


def _first(candidates, works):
    return next((c for c in candidates if c and works(c)), None)


def _runs(*command):
    try:
        return subprocess.run(command, capture_output=True, timeout=30, check=False).returncode == 0
    except OSError:
        return False


def aws():
    """(path, name) of the aws CLI, Debian's before another."""
    path = _first(("/usr/bin/aws", shutil.which("aws")), lambda p: _runs(p, "--version"))
    if path is None:
        return None, "aws CLI"
    text = subprocess.run([path, "--version"], capture_output=True, text=True, check=True).stdout
    return path, "aws CLI " + text.split()[0].split("/")[1]


def boto3():
    """(Python that has it, name)."""
    python = _first(("/usr/bin/python3", shutil.which("python3")), lambda p: _runs(p, "-c", "import boto3"))
    if python is None:
        return None, "boto3"
    code = "import boto3, json; print(json.dumps(boto3.__version__))"
    version = json.loads(subprocess.run([python, "-c", code], capture_output=True, text=True, check=True).stdout)
    return python, "boto3 " + version


def program(name):
    return shutil.which(name)
