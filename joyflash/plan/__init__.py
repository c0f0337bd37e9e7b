"""What fits on which hardware, how fast at the limit, and which command starts it."""

from joyflash.plan.cpu import HostPlan, cpu_as_dict, plan_cpu, render_cpu
from joyflash.plan.estimate import ACCEPTANCE, CONCURRENCY, Plan, plan
from joyflash.plan.launch import Launch, LaunchSettings, launch
from joyflash.plan.render import as_dict, render
from joyflash.plan.training import TrainingPlan, plan_training
from joyflash.plan.training_render import render_training, training_as_dict

__all__ = [
    "ACCEPTANCE",
    "CONCURRENCY",
    "HostPlan",
    "Launch",
    "LaunchSettings",
    "Plan",
    "TrainingPlan",
    "as_dict",
    "cpu_as_dict",
    "launch",
    "plan",
    "plan_cpu",
    "plan_training",
    "render",
    "render_cpu",
    "render_training",
    "training_as_dict",
]
