# make app     the app at http://127.0.0.1:8501
# make test    every check and test
# make benchmarks   ratios against peers; wants a quiet machine
# make api     the API reference of cxr in docs/api, from its docstrings
# make pins    constraints.txt from requirements.txt; needs the network
# make audit   asks for known weaknesses of what is pinned; needs the network
# All but pins first set up .venv, again only when one of these two files has changed.

PYTHONS := python3.13 python3.12 python3.11 python3
FITS := import sys, venv, ensurepip; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))
PY := .venv/bin/python
PINNED := requirements.txt constraints.txt
INSTALLED := .venv/requirements.installed

.PHONY: app test check browser postgresql dicom oidc jax ray s3 benchmarks api pins audit FORCE

app: $(INSTALLED)
	$(PY) -m streamlit run serve.py

# A module's tests stay in one process, since they share its networks and servers; tests/conftest.py
# has the browser's and the long ones begin, in one process more than there are cores.
test: check browser postgresql dicom oidc jax ray s3
	$(PY) -m pytest -n auto --maxprocesses 4 --dist loadfile --no-loadscope-reorder

benchmarks: $(INSTALLED)
	$(PY) -m benchmarks

api: $(INSTALLED)
	PYTHONPATH=. $(PY) docs/api.py

# What requirements.txt needs in turn, for each Python and platform. Versions that the file has stay:
# delete it first for the newest.
pins:
	@test -x .venv/pins/bin/uv || { $(PY) -m venv .venv/pins && \
	  .venv/pins/bin/pip install --quiet --disable-pip-version-check uv==0.13.9; }
	.venv/pins/bin/uv pip compile --quiet --universal --python-version 3.11 --no-annotate \
	  --custom-compile-command "make pins" requirements.txt -o constraints.txt

# In an environment of its own: it must not change what it looks at. What the database does not
# know was not looked at, and that is an error too. The file is complete: pip-audit need not look further.
audit: $(INSTALLED)
	@test -x .venv/audit/bin/pip-audit || { $(PY) -m venv .venv/audit && \
	  .venv/audit/bin/pip install --quiet --disable-pip-version-check pip-audit==2.10.1; }
	.venv/audit/bin/pip-audit --strict --disable-pip --no-deps -r constraints.txt

check: $(INSTALLED)
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m mypy
	.venv/bin/lint-imports --no-cache

# Compared by content, since a checkout renews the date. pip shows that the Python behind is still there.
$(INSTALLED): FORCE
	@if cat $(PINNED) | cmp -s - $@ && $(PY) -m pip --version >/dev/null 2>&1; then exit 0; fi; \
	if ! $(PY) -c '$(FITS)' 2>/dev/null; then \
	  for p in $(PYTHONS) ''; do \
	    if [ -n "$$p" ] && $$p -c '$(FITS)' 2>/dev/null; then break; fi; \
	  done; \
	  if [ -z "$$p" ]; then \
	    echo 'There is no Python 3.11, 3.12 or 3.13 with its venv module here. Install one:' >&2; \
	    echo '  Debian, Ubuntu   apt-get install python3 python3-venv' >&2; \
	    echo '  macOS            brew install python@3.13' >&2; \
	    exit 1; \
	  fi; \
	  $$p -m venv --clear .venv || exit 1; \
	fi; \
	rm -f $@; \
	$(PY) -m pip install --quiet --disable-pip-version-check -r requirements.txt -c constraints.txt && \
	cat $(PINNED) > $@

# Tests drive a Chromium that is there already; none is ever fetched by playwright. The one without
# windows is the quicker.
browser:
	@for b in chromium-headless-shell chromium chromium-browser google-chrome; do \
	  if command -v $$b >/dev/null 2>&1; then exit 0; fi; \
	done; \
	if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then \
	  apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y chromium-headless-shell && exit 0; \
	fi; \
	echo 'There is no Chromium here, so the browser tests are left out. Install one:' >&2; \
	echo '  Debian           apt-get install chromium-headless-shell' >&2; \
	echo '  macOS            brew install --cask chromium' >&2

# Tests start a server of their own in a temporary folder; none that runs here is touched.
postgresql:
	@if ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || command -v initdb >/dev/null 2>&1; then \
	  exit 0; \
	fi; \
	if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then \
	  apt-get update && \
	  DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends postgresql && exit 0; \
	fi; \
	echo 'There is no PostgreSQL here, so its tests are left out. Install it:' >&2; \
	echo '  Debian           apt-get install postgresql' >&2; \
	echo '  macOS            brew install postgresql@17' >&2

# Readers of DICOM that are not ours, and a PACS. Tests start one of their own at free ports; the
# service that Debian would start beside it is not wanted where it was not there before.
dicom:
	@if command -v dsrdump >/dev/null 2>&1 && command -v dciodvfy >/dev/null 2>&1 && \
	  [ -x /usr/sbin/Orthanc ] && [ -f /usr/share/orthanc/plugins/libOrthancDicomWeb.so ]; then \
	  exit 0; \
	fi; \
	if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then \
	  [ -x /usr/sbin/Orthanc ] || new=orthanc; \
	  apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y \
	    --no-install-recommends dcmtk dicom3tools orthanc orthanc-dicomweb && \
	  { [ -z "$$new" ] || systemctl disable --now $$new >/dev/null 2>&1 || true; } && exit 0; \
	fi; \
	echo 'There is no dcmtk, dicom3tools or Orthanc here, so their tests are left out. Install them:' >&2; \
	echo '  Debian           apt-get install dcmtk dicom3tools orthanc orthanc-dicomweb' >&2

# A certified provider of sign-in, for one test beside those with the quick one.
oidc: $(INSTALLED)
	@if [ -d .venv/oidc/node_modules/oidc-provider ]; then exit 0; fi; \
	if command -v npm >/dev/null 2>&1; then \
	  npm install --silent --no-audit --no-fund --ignore-scripts --prefix .venv/oidc \
	    oidc-provider@9.13.3 && exit 0; \
	fi; \
	echo 'oidc-provider cannot be installed here (it wants npm), so its test is left out.' >&2

# Only training on several devices needs it.
jax: $(INSTALLED)
	@$(PY) -m pip install --quiet --disable-pip-version-check "jax[cpu]==0.10.2" || \
	echo 'JAX cannot be installed here, so the test of several devices is left out.' >&2

# Only screening on a cluster needs it.
ray: $(INSTALLED)
	@$(PY) -m pip install --quiet --disable-pip-version-check "ray==2.60.0" || \
	echo 'Ray cannot be installed here, so the tests of a cluster are left out.' >&2

# Only screening of an object store needs s3fs; moto is the store that its tests start.
s3: $(INSTALLED)
	@$(PY) -m pip install --quiet --disable-pip-version-check \
	  "fsspec==2026.9.0" "s3fs==2026.9.0" "moto[server]==5.2.5" || \
	echo 's3fs or moto cannot be installed here, so the tests of a store are left out.' >&2

FORCE:
