"""What is known to be vulnerable of what the service needs: a finding fails, and what was not checked is told.

python .ci/audit.py .venv/bin/pip-audit
"""

from __future__ import annotations

import json
import re
import subprocess
import sys

AUDIT = ["--requirement", "requirements.txt", "--require-hashes", "--disable-pip", "--format", "json", "--timeout", "5"]
SECONDS = 120
"""For all lookups together."""
UNREACHABLE = re.compile("ConnectionError|ServiceError|Timeout|Could not connect|not redirecting")
"""What pip-audit ends with where nobody answers."""


def main(program: str) -> None:
    command = [program, *AUDIT, "--progress-spinner", "off"]
    try:
        result = subprocess.run(command, capture_output=True, text=True, check=False, timeout=SECONDS)
    except subprocess.TimeoutExpired:
        print(f"pip-audit: nothing was checked: no answer within {SECONDS} seconds")
        return
    if result.returncode and not result.stdout:
        reason = result.stderr.strip()
        if not UNREACHABLE.search(reason):
            sys.exit(f"pip-audit: {reason}")
        print(f"pip-audit: nothing was checked: {reason.splitlines()[-1]}")
        return
    packages = json.loads(result.stdout)["dependencies"] if result.stdout else []
    skipped = [package["name"] for package in packages if "skip_reason" in package]
    print(f"pip-audit: {len(packages) - len(skipped)} of {len(packages)} packages checked")
    if skipped:
        print(f"pip-audit: its list cannot be reached, or does not know them: {', '.join(skipped)}")
    found = [
        f"pip-audit: {package['name']} {package['version']}: {fault['id']}, mended in {fault['fix_versions'] or 'none'}"
        for package in packages
        for fault in package.get("vulns", [])
    ]
    if found:
        sys.exit("\n".join(found))


if __name__ == "__main__":
    main(*sys.argv[1:])
