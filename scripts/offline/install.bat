@echo off
rem Finds a 64-bit Python 3.11-3.13 and hands over to install.py, which checks and installs.
setlocal
set "HERE=%~dp0"
set "TRY=import sys; sys.exit(sys.maxsize < 2**32 or sys.version_info[1] not in (11, 12, 13))"
for %%V in (3.13 3.12 3.11) do (
    py -%%V -c "%TRY%" >nul 2>nul && set "FOUND=py -%%V" && goto found
)
python -c "%TRY%" >nul 2>nul && set "FOUND=python" && goto found
echo 未找到 64 位 Python 3.11、3.12 或 3.13,请先安装 Python(见“安装说明.html”)。
echo No 64-bit Python 3.11-3.13 was found. Install Python first, then run this again.
set "STATUS=1"
goto end

:found
%FOUND% -I "%HERE%install.py" %*
set "STATUS=%ERRORLEVEL%"

:end
if not defined NOPAUSE pause
exit /b %STATUS%
