"""Facts about machines, read from copies of the files in which Linux tells them."""

import platform

import pytest

from perfbot.runner.address_space import can_share
from perfbot.runner.machine import read_machine

CPU = "sys/devices/system/cpu"


@pytest.fixture
def fake(tmp_path):
    """``fake({"proc/loadavg": "1.5 …"})`` makes a machine's root."""

    def write(files):
        for name, text in files.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return read_machine(tmp_path)

    return write


def test_a_machine_that_tells_nothing_is_unknown_and_no_error(fake):
    machine = fake({})
    assert (machine.load, machine.pressure, machine.stolen, machine.boost) == (0.0, None, None, None)
    assert (machine.governors, machine.hypervisor, machine.container, machine.quota) == ((), "", "", None)


def test_bare_metal(fake):
    machine = fake(
        {
            "proc/cpuinfo": "processor\t: 0\nmodel name\t: Fast   CPU @ 3 GHz\nflags\t\t: fpu tsc\n",
            "proc/meminfo": "MemTotal:       2048 kB\nMemFree: 1 kB\n",
            "proc/loadavg": "0.25 0.1 0.0 1/100 4242\n",
            "proc/pressure/cpu": "some avg10=12.50 avg60=1.00 avg300=0.00 total=1\nfull avg10=0.00\n",
            "proc/stat": "cpu  10 0 10 70 0 0 0 10 0 0\ncpu0 1 2\n",
            "proc/sys/kernel/randomize_va_space": "2\n",
            f"{CPU}/cpu0/cpufreq/scaling_governor": "powersave\n",
            f"{CPU}/cpu1/cpufreq/scaling_governor": "powersave\n",
            f"{CPU}/cpu10/cpufreq/scaling_governor": "performance\n",
            f"{CPU}/cpufreq/boost": "1\n",
            f"{CPU}/smt/active": "1\n",
            "sys/devices/system/clocksource/clocksource0/current_clocksource": "tsc\n",
        }
    )
    assert machine.cpu == "Fast CPU @ 3 GHz"
    assert machine.memory == 2048 * 1024
    assert (machine.load, machine.pressure, machine.stolen) == (0.25, 0.125, 0.1)
    assert (machine.governors, machine.boost, machine.siblings) == (("performance", "powersave"), True, True)
    assert (machine.clock, machine.aslr, machine.hypervisor) == ("tsc", 2, "")


@pytest.mark.parametrize(("no_turbo", "boost"), [("0", True), ("1", False)])
def test_intel_tells_turbo_the_other_way_round(fake, no_turbo, boost):
    assert fake({f"{CPU}/intel_pstate/no_turbo": no_turbo}).boost is boost


def test_a_virtual_machine_in_a_cloud(fake):
    machine = fake(
        {
            "proc/cpuinfo": "flags\t: fpu hypervisor tsc\n",
            "sys/class/dmi/id/sys_vendor": "Cloud\n",
            "sys/class/dmi/id/product_name": "c5.large\n",
        }
    )
    assert machine.hypervisor == "virtual machine (Cloud c5.large)"


def test_xen_tells_by_its_own_file(fake):
    assert fake({"sys/hypervisor/type": "xen\n"}).hypervisor == "virtual machine (xen)"


@pytest.mark.parametrize(
    ("files", "container"),
    [
        ({".dockerenv": ""}, "Docker container"),
        ({"run/.containerenv": ""}, "Podman container"),
        ({"proc/1/cgroup": "0::/kubepods/burstable/pod1/x\n"}, "Kubernetes container"),
        ({"proc/1/cgroup": "1:cpu:/lxc/x\n"}, "container"),
        ({"proc/1/cgroup": "0::/init.scope\n"}, ""),
    ],
)
def test_containers_are_told_apart(fake, files, container):
    assert fake(files).container == container


def test_limits_of_control_groups_version_2_count_from_all_levels(fake):
    machine = fake(
        {
            "proc/self/cgroup": "0::/a/b\n",
            "proc/meminfo": "MemTotal: 1000000 kB\n",
            "sys/fs/cgroup/a/b/cpu.max": "max 100000\n",
            "sys/fs/cgroup/a/cpu.max": "150000 100000\n",
            "sys/fs/cgroup/a/b/memory.max": "max\n",
            "sys/fs/cgroup/a/memory.max": "5000\n",
            "sys/fs/cgroup/a/cpu.stat": "usage_usec 1\nnr_periods 9\nnr_throttled 7\n",
        }
    )
    assert (machine.quota, machine.memory, machine.throttled) == (1.5, 5000, 7)


def test_limits_of_control_groups_version_1_count_too(fake):
    machine = fake(
        {
            "proc/self/cgroup": "4:memory:/m\n3:cpu,cpuacct:/c\n2:freezer:/f\n0::/\n",
            "proc/meminfo": "MemTotal: 1000 kB\n",
            "sys/fs/cgroup/cpu,cpuacct/c/cpu.cfs_quota_us": "50000\n",
            "sys/fs/cgroup/cpu,cpuacct/c/cpu.cfs_period_us": "100000\n",
            "sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us": "-1\n",
            "sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us": "100000\n",
            "sys/fs/cgroup/memory/m/memory.limit_in_bytes": "9223372036854771712\n",
        }
    )
    assert (machine.quota, machine.memory) == (0.5, 1000 * 1024)


@pytest.mark.parametrize("text", ["", "cpu", "cpu a b c d e f g h", "cpu 0 0 0 0 0 0 0 0"])
def test_odd_statistics_are_unknown(fake, text):
    assert fake({"proc/stat": text}).stolen is None


def test_this_machine_makes_a_runner_for_the_report():
    machine = read_machine()
    runner = machine.runner(version="1.2.3")
    assert runner.cores == len(machine.allowed) > 0
    assert runner.memory > 0
    assert (runner.pinned, runner.shared_layout, runner.perfbot) == (True, can_share(), "1.2.3")
    assert platform.node() not in (runner.system, runner.cpu, runner.virtual)
