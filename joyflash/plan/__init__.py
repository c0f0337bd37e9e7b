"""What fits on which hardware, how fast at the limit, and which command starts it."""

from joyflash.plan.cpu import HostPlan, cpu_as_dict, plan_cpu, render_cpu
from joyflash.plan.estimate import ACCEPTANCE, Plan, plan
from joyflash.plan.launch import Launch, LaunchSettings, launch
from joyflash.plan.render import as_dict, render

__all__ = [
    "ACCEPTANCE",
    "HostPlan",
    "Launch",
    "LaunchSettings",
    "Plan",
    "as_dict",
    "cpu_as_dict",
    "launch",
    "plan",
    "plan_cpu",
    "render",
    "render_cpu",
]
