"""Whether a file with a secret can be read by others than its owner and the machine's administrators."""
from __future__ import annotations

import os
import re
from pathlib import Path

#: Windows groups that stand for more or less everybody, as SDDL abbreviates or numbers them.
_WIDE = {"WD", "AU", "BU", "IU", "NU", "AN", "BG", "DU", "DG", "LG"}
_WIDE_SIDS = {"S-1-1-0", "S-1-5-2", "S-1-5-4", "S-1-5-7", "S-1-5-11", "S-1-5-32-545", "S-1-5-32-546"}
_ACE = re.compile(r"\(([^)]*)\)")


def privacy_fault(path: Path) -> str | None:
    """Why the file is not private, and what to do about it; None where it is."""
    if os.name == "nt":
        return sddl_fault(_sddl_of(path), path.name)
    status = path.stat()
    if status.st_uid not in (os.geteuid(), 0):
        return f"{path.name} belongs to another user"
    if status.st_mode & 0o077:
        return f"{path.name} can be read by others: chmod 600 it"
    return None


def sddl_fault(sddl: str, name: str) -> str | None:
    """The same for a Windows access list in SDDL: no group that stands for everybody may be allowed anything."""
    _, found, entries = sddl.partition("D:")
    if not found or not _ACE.search(entries):
        return f"{name} has no access list"
    for entry in _ACE.findall(entries):
        kind, *_, trustee = (entry.split(";")[:6] + [""] * 6)[:6]
        if kind in ("A", "XA", "OA") and (trustee in _WIDE or trustee in _WIDE_SIDS):
            return f'{name} can be read by others: icacls {name} /inheritance:r /grant:r "%USERNAME%:F"'
    return None


def _sddl_of(path: Path) -> str:
    """The file's access list as text, from Windows itself (GetNamedSecurityInfoW). Raises OSError."""
    import ctypes
    from ctypes import wintypes

    libraries = getattr(ctypes, "WinDLL")
    security = libraries("advapi32", use_last_error=True)
    kernel = libraries("kernel32", use_last_error=True)
    read, convert, free = (
        security.GetNamedSecurityInfoW,
        security.ConvertSecurityDescriptorToStringSecurityDescriptorW,
        kernel.LocalFree,
    )
    pointer = ctypes.POINTER(ctypes.c_void_p)
    read.argtypes = [wintypes.LPCWSTR, ctypes.c_int, wintypes.DWORD, pointer, pointer, pointer, pointer, pointer]
    read.restype = wintypes.DWORD
    convert.argtypes = [
        ctypes.c_void_p,
        wintypes.DWORD,
        wintypes.DWORD,
        ctypes.POINTER(ctypes.c_void_p),
        ctypes.POINTER(wintypes.ULONG),
    ]
    convert.restype = wintypes.BOOL
    free.argtypes = [ctypes.c_void_p]
    file_object, access_list, revision = 1, 4, 1
    descriptor, text = ctypes.c_void_p(), ctypes.c_void_p()
    code = read(str(path), file_object, access_list, None, None, None, None, ctypes.byref(descriptor))
    if code != 0:
        raise OSError(code, "the access list cannot be read", str(path))
    try:
        if not convert(descriptor, revision, access_list, ctypes.byref(text), None):
            raise OSError("the access list cannot be written out")
        return ctypes.wstring_at(text.value or 0)
    finally:
        free(text)
        free(descriptor)
