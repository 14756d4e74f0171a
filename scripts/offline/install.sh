#!/bin/sh
# Finds a Python 3.11-3.13 and hands over to install.py, which checks and installs.
#     sh install.sh [--to DIR] [--check]          PYTHON=/path/to/python3.12 sh install.sh
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd) || exit 1
try='import sys; sys.exit(sys.version_info[:2] not in ((3, 11), (3, 12), (3, 13)))'
for python in ${PYTHON:+"$PYTHON"} python3.13 python3.12 python3.11 python3 python; do
    if "$python" -c "$try" >/dev/null 2>&1; then
        exec "$python" -I "$here/install.py" "$@"
    fi
done
echo '未找到 Python 3.11、3.12 或 3.13,请先安装 Python(见安装说明.html)。' >&2
echo 'No Python 3.11-3.13 was found. Install Python first, or name it: PYTHON=/path/to/python3.12 sh install.sh' >&2
exit 1
