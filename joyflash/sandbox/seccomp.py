"""A seccomp filter: a short program in the kernel that refuses system calls no calculation needs.

Layout of the program: man page seccomp(2), struct seccomp_data and struct sock_filter.
"""

from __future__ import annotations

import ctypes
import platform
import struct

from joyflash.sandbox.system_calls import PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP, prctl

# name: (number on x86_64, number on aarch64; -1: does not exist there)
REFUSED = {
    # the network, and objects that outlive a process or hold memory which nobody's account shows
    "socket": (41, 198), "memfd_create": (319, 279), "memfd_secret": (447, 447), "shmget": (29, 194),
    "msgget": (68, 186), "semget": (64, 190), "mq_open": (240, 180), "vmsplice": (278, 75),
    # other processes
    "ptrace": (101, 117), "process_vm_readv": (310, 270), "process_vm_writev": (311, 271), "kcmp": (312, 272),
    "pidfd_getfd": (438, 438), "process_madvise": (440, 440),
    # namespaces and mounts
    "unshare": (272, 97), "setns": (308, 268), "mount": (165, 40), "umount2": (166, 39), "pivot_root": (155, 41),
    "chroot": (161, 51), "open_tree": (428, 428), "move_mount": (429, 429), "fsopen": (430, 430),
    "fsconfig": (431, 431), "fsmount": (432, 432), "fspick": (433, 433), "mount_setattr": (442, 442),
    "open_tree_attr": (467, 467), "name_to_handle_at": (303, 264), "open_by_handle_at": (304, 265),
    # parts of the kernel with a history of holes
    "bpf": (321, 280), "perf_event_open": (298, 241), "userfaultfd": (323, 282), "io_uring_setup": (425, 425),
    "io_uring_enter": (426, 426), "io_uring_register": (427, 427), "add_key": (248, 217), "request_key": (249, 218),
    "keyctl": (250, 219), "fanotify_init": (300, 262), "personality": (135, 92), "modify_ldt": (154, -1),
    # the machine
    "kexec_load": (246, 104), "kexec_file_load": (320, 294), "init_module": (175, 105), "finit_module": (313, 273),
    "delete_module": (176, 106), "reboot": (169, 142), "swapon": (167, 224), "swapoff": (168, 225),
    "quotactl": (179, 60), "acct": (163, 89), "settimeofday": (164, 170), "clock_settime": (227, 112),
    "sethostname": (170, 161), "setdomainname": (171, 162), "syslog": (103, 116), "vhangup": (153, 58),
    "iopl": (172, -1), "ioperm": (173, -1),
}  # fmt: skip
_CLONE, _CLONE3 = (56, 220), 435
_NEW_NAMESPACE = 0x7E020000
_ARCHITECTURES = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7)}
_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_NUMBER_AT, _ARCHITECTURE_AT, _FIRST_ARGUMENT_AT = 0, 4, 16
_ALLOW, _KILL, _ERROR = 0x7FFF0000, 0x80000000, 0x00050000
_EPERM, _ENOSYS = 1, 38
_X32 = 0x40000000


def program(machine: str) -> bytes:
    """The filter for a kind of processor.

    Raises:
        OSError: the numbers of its system calls are not known here.
    """
    if machine not in _ARCHITECTURES:
        raise OSError(_ENOSYS, f"seccomp: the system calls of {machine} are not known here")
    column, architecture = _ARCHITECTURES[machine]

    def step(code: int, value: int, if_true: int = 0, if_false: int = 0) -> bytes:
        return struct.pack("=HBBI", code, if_true, if_false, value)

    def refuse(test: int, value: int, error: int) -> bytes:
        return step(test, value, 0, 1) + step(_RETURN, _ERROR | error)

    code = step(_LOAD, _ARCHITECTURE_AT) + step(_EQUAL, architecture, 1, 0) + step(_RETURN, _KILL)
    code += step(_LOAD, _NUMBER_AT)
    if column == 0:
        code += refuse(_AT_LEAST, _X32, _EPERM)  # the same calls by other numbers
    for numbers in REFUSED.values():
        if numbers[column] >= 0:
            code += refuse(_EQUAL, numbers[column], _EPERM)
    # clone3 hides its flags behind a pointer; told that it does not exist, libc falls back on clone.
    code += refuse(_EQUAL, _CLONE3, _ENOSYS)
    code += step(_EQUAL, _CLONE[column], 0, 3) + step(_LOAD, _FIRST_ARGUMENT_AT)
    code += refuse(_ANY_BIT, _NEW_NAMESPACE, _EPERM)
    return code + step(_RETURN, _ALLOW)


def install() -> None:
    """Put the filter on this process and all that it will start; it cannot be taken off.

    Raises:
        OSError: the kernel has no seccomp filters, or the processor is not known here.
    """
    code = program(platform.machine())
    buffer = ctypes.create_string_buffer(code, len(code))
    head = struct.pack("@HP", len(code) // 8, ctypes.addressof(buffer))
    head_buffer = ctypes.create_string_buffer(head, len(head))
    prctl(PR_SET_NO_NEW_PRIVS, 1)
    prctl(PR_SET_SECCOMP, 2, ctypes.c_void_p(ctypes.addressof(head_buffer)))
