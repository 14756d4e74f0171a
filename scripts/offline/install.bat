@echo off
rem Finds a 64-bit Python 3.11-3.13 and hands over to install.py, which checks and installs.
rem     install.bat [--to DIR] [--check]            set PYTHON=D:\Python312\python.exe to name one
setlocal
set "HERE=%~dp0"
set "TRY=import sys; sys.exit(sys.maxsize < 2**32 or sys.version_info[1] not in (11, 12, 13))"
set "FOUND="
rem Nobody asked for a Python to be fetched from somewhere.
set "PYTHON_MANAGER_AUTOMATIC_INSTALL=false"
if defined PYTHON call :try "%PYTHON:"=%"
if not defined FOUND call :try py -3.13
if not defined FOUND call :try py -3.12
if not defined FOUND call :try py -3.11
if not defined FOUND call :try python
if defined FOUND goto found
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

:try
%* -c "%TRY%" >nul 2>nul
if "%ERRORLEVEL%"=="0" set FOUND=%*
goto :eof
