"""/proc/cpuinfo of real machines, reduced to the relevant members, with the expected results.

Each has its source. Serial numbers are omitted.
"""

from __future__ import annotations

from typing import NamedTuple


class Machine(NamedTuple):
    cpuinfo: str
    brand: str
    architecture: str


# prometheus/procfs, cpuinfo_test.go
ARM_V7 = """Processor : ARMv7 Processor rev 5 (v7l)
processor : 0
BogoMIPS : 2400.00

processor : 1
BogoMIPS : 2400.00

Features : swp half thumb fastmult vfp edsp thumbee neon vfpv3 tls vfpv4 idiva idivt
CPU implementer : 0x41
CPU architecture: 7
CPU variant : 0x0
CPU part : 0xc07
CPU revision : 5

Hardware : sun8i
Revision : 0000
"""

# prometheus/procfs, cpuinfo_test.go
S390X = """vendor_id       : IBM/S390
# processors    : 4
bogomips per cpu: 3033.00
max thread id   : 0
features\t: esan3 zarch stfle msa ldisp eimm dfp edat etf3eh highgprs te vx sie
facilities      : 0 1 2 3 4 6 7 8 9 10 12 14 15 16 17 18 19 20 21 22 23
cache0          : level=1 type=Data scope=Private size=128K line_size=256 associativity=8
processor 0: version = FF,  identification = 2733E8,  machine = 2964
processor 1: version = FF,  identification = 2733E8,  machine = 2964

cpu number      : 0
cpu MHz dynamic : 5000
cpu MHz static  : 5000
"""

# prometheus/procfs, cpuinfo_test.go
POWER7 = """processor\t: 0
cpu\t\t: POWER7 (architected), altivec supported
clock\t\t: 3000.000000MHz
revision\t: 2.1 (pvr 003f 0201)

timebase\t: 512000000
platform\t: pSeries
model\t\t: IBM,8233-E8B
machine\t\t: CHRP IBM,8233-E8B
"""

# avocado-framework, tests of avocado/utils/cpu.py
POWER9 = """processor\t: 20
cpu\t\t: POWER9 (raw), altivec supported
clock\t\t: 2050.000000MHz
revision\t: 1.0 (pvr 004e 0100)

timebase\t: 512000000
platform\t: PowerNV
model\t\t: 8375-42A
machine\t\t: PowerNV 8375-42A
firmware\t: OPAL
"""

INTEL = """processor\t: 0
vendor_id\t: GenuineIntel
cpu family\t: 6
model\t\t: 85
model name\t: Intel(R) Xeon(R) Platinum 8259CL CPU @ 2.50GHz
stepping\t: 7
flags\t\t: fpu vme de pse tsc msr pae mce cx8 apic sep mtrr pge mca cmov pat syscall nx rdtscp lm
bugs\t\t: spectre_v1 spectre_v2
"""

# A processor without a name in a virtual machine (the kernel prints "unknown").
NAMELESS_X86 = """processor\t: 0
vendor_id\t: GenuineIntel
cpu family\t: 6
model\t\t: 85
model name\t: unknown
flags\t\t: fpu vme de pse tsc msr pae mce cx8 apic sep mtrr pge mca cmov
"""

# AWS Graviton2, Ampere Altra: the same numbers
NEOVERSE_N1 = """processor\t: 0
BogoMIPS\t: 243.75
Features\t: fp asimd evtstrm aes pmull sha1 sha2 crc32 atomics fphp asimdhp cpuid
CPU implementer\t: 0x41
CPU architecture: 8
CPU variant\t: 0x3
CPU part\t: 0xd0c
CPU revision\t: 1

processor\t: 1
BogoMIPS\t: 243.75
Features\t: fp asimd evtstrm aes pmull sha1 sha2 crc32 atomics fphp asimdhp cpuid
CPU implementer\t: 0x41
CPU architecture: 8
CPU variant\t: 0x3
CPU part\t: 0xd0c
CPU revision\t: 1
"""

# A Raspberry Pi 4 with a 32-bit kernel: its "model name" is an architecture
RASPBERRY_PI_4 = """processor\t: 0
model name\t: ARMv7 Processor rev 3 (v7l)
BogoMIPS\t: 108.00
Features\t: half thumb fastmult vfp edsp neon vfpv3 tls vfpv4 idiva idivt vfpd32 lpae evtstrm
CPU implementer\t: 0x41
CPU architecture: 7
CPU variant\t: 0x0
CPU part\t: 0xd08
CPU revision\t: 3

Hardware\t: BCM2711
Revision\t: c03111
Model\t\t: Raspberry Pi 4 Model B Rev 1.1
"""

# A Raspberry Pi Zero
RASPBERRY_PI_ZERO = """processor\t: 0
model name\t: ARMv6-compatible processor rev 7 (v6l)
BogoMIPS\t: 697.95
Features\t: half thumb fastmult vfp edsp java tls
CPU implementer\t: 0x41
CPU architecture: 7
CPU variant\t: 0x0
CPU part\t: 0xb76
CPU revision\t: 7

Hardware\t: BCM2835
Revision\t: 9000c1
"""

# A Rockchip RK3588: four slow processors and four fast ones
BIG_LITTLE = """processor\t: 0
CPU implementer\t: 0x41
CPU architecture: 8
CPU part\t: 0xd05

processor\t: 1
CPU implementer\t: 0x41
CPU architecture: 8
CPU part\t: 0xd05

processor\t: 4
CPU implementer\t: 0x41
CPU architecture: 8
CPU part\t: 0xd0b
"""

# An unknown part, on a board with a name
UNKNOWN_PART_ON_A_BOARD = """processor\t: 0
CPU implementer\t: 0x41
CPU architecture: 8
CPU part\t: 0xfff

Hardware\t: Ampere(R) Altra(R) Processor
"""

# A virtual machine on an Apple computer
APPLE_VIRTUAL = """processor\t: 0
BogoMIPS\t: 48.00
Features\t: fp asimd evtstrm aes pmull sha1 sha2 crc32 atomics fphp asimdhp cpuid asimdrdm
CPU implementer\t: 0x61
CPU architecture: 8
CPU variant\t: 0x0
CPU part\t: 0x000
CPU revision\t: 0
"""

# A StarFive VisionFive 2 under Arch Linux
RISCV_U74 = """processor\t: 0
hart\t\t: 2
isa\t\t: rv64imafdc_zicntr_zicsr_zifencei_zihpm_zba_zbb
mmu\t\t: sv39
uarch\t\t: sifive,u74-mc
mvendorid\t: 0x489
marchid\t\t: 0x8000000000000007
mimpid\t\t: 0x4210427
"""

# google/cpu_features, test/cpuinfo_riscv_test.cc (T-Head C910)
RISCV_C910 = """processor\t: 0
hart\t\t: 0
isa\t\t: rv64imafdcsu
mmu\t\t: sv39
cpu-freq\t: 1.2Ghz
"""

# A SpacemiT K3 under Buildroot
RISCV_X100 = """processor\t: 0
hart\t\t: 0
model name\t: Spacemit(R) X100
isa\t\t: rv64imafdcvh_zicbom_zicbop_zicboz_zicntr
"""

# A MikroTik RouterBOARD 760iGS
MIPS = """system type\t\t: MediaTek MT7621 ver:1 eco:3
machine\t\t\t: MikroTik RouterBOARD 760iGS
processor\t\t: 0
cpu model\t\t: MIPS 1004Kc V2.15
BogoMIPS\t\t: 586.13
wait instruction\t: yes
isa\t\t\t: mips1 mips2 mips32r1 mips32r2
"""

# google/cpu_features, test/cpuinfo_loongarch_test.cc
LOONGARCH = """system type\t\t: generic-loongson-machine

processor\t\t: 0
package\t\t\t: 0
core\t\t\t: 0
CPU Family\t\t: Loongson-64bit
Model Name\t\t: Loongson-3A5000-HV
CPU Revision\t\t: 0x11
ISA\t\t\t: loongarch32 loongarch64
Features\t\t: cpucfg lam ual fpu lsx lasx crc32 complex
"""

# The same processor under the vendor's older kernel
LOONGNIX = """system type\t\t: generic-loongson-machine
processor\t\t: 0
cpu family\t\t: Loongson-64bit
model name\t\t: Loongson-3A5000LL
isa\t\t\t: loongarch32 loongarch64
"""

MACHINES = {
    "intel": Machine(INTEL, "Intel(R) Xeon(R) Platinum 8259CL CPU @ 2.50GHz", "x86_64"),
    "nameless-x86": Machine(NAMELESS_X86, "GenuineIntel family 6 model 85", "i686"),
    "neoverse-n1": Machine(NEOVERSE_N1, "ARM Neoverse-N1", "aarch64"),
    "armv7": Machine(ARM_V7, "ARM Cortex-A7", "armv7l"),
    "raspberry-pi-4": Machine(RASPBERRY_PI_4, "ARM Cortex-A72", "armv7l"),
    "raspberry-pi-zero": Machine(RASPBERRY_PI_ZERO, "ARM1176", "armv7l"),
    "big-little": Machine(BIG_LITTLE, "ARM Cortex-A55 + ARM Cortex-A76", "aarch64"),
    "unknown-part": Machine(UNKNOWN_PART_ON_A_BOARD, "Ampere(R) Altra(R) Processor", "aarch64"),
    "apple-virtual": Machine(APPLE_VIRTUAL, "Apple part 0x000", "aarch64"),
    "s390x": Machine(S390X, "IBM/S390 2964", "s390x"),
    "power7": Machine(POWER7, "POWER7 (architected), altivec supported", "ppc64"),
    "power9": Machine(POWER9, "POWER9 (raw), altivec supported", "ppc64"),
    "riscv-u74": Machine(RISCV_U74, "sifive,u74-mc", "riscv64"),
    "riscv-c910": Machine(RISCV_C910, "RISC-V rv64imafdcsu", "riscv64"),
    "riscv-x100": Machine(RISCV_X100, "Spacemit(R) X100", "riscv64"),
    "mips": Machine(MIPS, "MIPS 1004Kc V2.15", "mips"),
    "loongarch": Machine(LOONGARCH, "Loongson-3A5000-HV", "loongarch64"),
    "loongnix": Machine(LOONGNIX, "Loongson-3A5000LL", "loongarch64"),
}
