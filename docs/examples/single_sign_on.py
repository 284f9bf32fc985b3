"""Single sign-on to try out: an identity provider on this machine, and Collab with the settings that send people there.

    npm ci --prefix tests/oidc
    python docs/examples/single_sign_on.py 8000

It runs in a clone of the repository, for the provider is that of the tests, a certified one in Node. Its people log in with any password;
`ada` and `bob` have an e-mail that it vouches for, `eve` says that hers is Ada's. Ctrl-C stops both.
"""

import os
import subprocess
import sys
from pathlib import Path

PROVIDER = Path(__file__).parents[2] / "tests/oidc/provider.mjs"

SETTINGS = {
    "COLLAB_ACCOUNTS": "true",
    "COLLAB_OIDC_CLIENT_ID": "collab",
    "COLLAB_OIDC_CLIENT_SECRET": "a secret: with/odd+characters%",
    "COLLAB_OIDC_NAME": "Example ID",
    "COLLAB_OIDC_SIGN_UP": "true",
}
"""As the provider has registered its client. The last one makes an account for everybody whose e-mail it has verified."""


def serve(issuer: str, port: str) -> int:
    command = [sys.executable, "-m", "collab", "serve", "--bind", f"127.0.0.1:{port}"]
    return subprocess.run(command, env={**os.environ, **SETTINGS, "COLLAB_OIDC_ISSUER": issuer}, check=False).returncode


if __name__ == "__main__":
    with subprocess.Popen(["node", str(PROVIDER)], stdout=subprocess.PIPE, text=True) as provider:
        try:
            said = provider.stdout.readline() if provider.stdout else ""
            if not said.startswith("provides "):
                sys.exit("the provider did not start; were its packages installed?")
            sys.exit(serve(said.removeprefix("provides ").strip(), sys.argv[1]))
        except KeyboardInterrupt:
            sys.exit(0)
        finally:
            provider.terminate()
