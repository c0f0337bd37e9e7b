"""Chinese grammar rules around tool requests: politeness, reasons, arguments, results, answers and refusals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

# fmt: off
REQUEST_RULES: Mapping[str, Sequence[str]] = {
    "ask_order": [
        "{order}。", "{order}。", "{order}", "{order}！", "<please>{order}。", "<please>{order}。", "<please>{order}",
        "<please>{order}，<thanks>。", "{order}，<thanks>。", "<can_you>{order}[吗|吗|呢|]？",
        "<can_you>{order}吗？<thanks>。", "<can_you><please2>{order}[吗|]？", "<need_you>{order}。",
        "<need_you>{order}，<when2>。", "<i_want>{order}。", "<i_want>{order}，<do_it>", "<let>{order}吧。",
        "{order}吧。", "{order}，<can_end>？", "{order}，<when2>。", "<when>{order}。",
        "<when><please>{order}。", "<task>：{order}。", "<tool_hint>{order}。", "<someone><asked_me_to>{order}。",
        "<someone><asked_me_to>{order}，<do_it>", "你[可以|应该|需要|得|要|直接|就]{order}。",
        "<first_word>{order}。", "<first_word><please>{order}。", "有没有办法{order}？", "可不可以{order}？",
        "{order}，[好吗|行吗|可以吗|好不好|行不行|拜托了|辛苦了]？", "我现在要{order}。",
        "[现在|接下来|下一步|首先|第一步]，{order}。",
    ],
    "ask_question": [
        "{question}？", "{question}？", "{question}？", "{question}?", "{question}", "{question}呢？",
        "{question}啊？", "{question}呀？", "<question_lead>{question}？", "<question_lead>{question}？",
        "<tool_hint>{question}？", "{question}？<curious>", "{question}？<ask_end>", "<when>{question}？",
        "<someone>问我{question}。", "<someone>想知道{question}。",
        "我[想知道|很好奇|不清楚|想了解|忘了|要弄清楚]{question}。", "<task>：{question}？",
        "帮我[看看|查查|问问|瞧瞧]{question}。", "{question}，<can_end>？",
    ],
    "ask_note": [
        "{note}", "{note}", "{note}。", "{note}，谢谢", "{note}？", "<need>：{note}", "{note}，<when2>", "{note}！",
        "<please>：{note}", "{note}，急", "{note} 谢谢",
    ],
    "whole": [
        "{ask}", "{ask}", "{ask}", "{ask}", "{ask}", "<greeting>{ask}", "<greeting>{ask}", "<reason>{ask}",
        "<reason>{ask}", "<reason>{ask}", "{ask}<closing>", "{ask}<closing>", "<greeting><reason>{ask}",
        "<filler>{ask}", "<filler>{ask}", "{ask}<after>", "{ask}<after>", "<reason>{ask}<closing>",
        "<filler><reason>{ask}", "<greeting>{ask}<closing>", "<reason>{ask}<after>",
    ],
    "join_orders": [
        "{first}，{second}", "{first}，然后{second}", "{first}，再{second}", "{first}，并且{second}",
        "{first}，接着{second}", "{first}，同时{second}", "{first}，另外{second}", "{first}，还要{second}",
        "{first}；{second}", "{first}。然后{second}",
        "{first}。[另外|还有|之后|顺便|其次|接下来]，{second}", "{first}，顺便{second}", "{first}，之后{second}",
        "{first}，也{second}", "{first}以及{second}",
        "{first}，完了{second}", "{first}，麻烦也{second}",
    ],
    "join_two_orders": [
        "先{first}，再{second}", "先{first}，然后{second}", "第一，{first}；第二，{second}",
        "两件事：{first}，{second}", "{first}，最后{second}",
    ],
    "join_two_says": [
        "两件事。{first}{second}", "1. {first} 2. {second}", "第一件：{first}第二件：{second}", "{first}其次，{second}",
    ],
    "join_says": [
        "{first}{second}", "{first}{second}", "{first}另外，{second}", "{first}还有，{second}", "{first}对了，{second}",
        "{first}\n{second}", "{first}再有，{second}", "{first}顺便，{second}",
        "{first}还有一件事：{second}", "{first}哦，{second}", "{first}除此之外，{second}",
        "{first}差点忘了：{second}", "{first}同时，{second}",
    ],
    "please": [
        "请", "请你", "请您", "麻烦", "麻烦你", "麻烦您", "请帮我", "帮我", "帮忙", "帮个忙，", "给我", "替我",
        "劳驾", "烦请", "拜托你", "快帮我", "请帮忙", "你帮我", "请直接", "请先", "请马上", "帮我们", "求你",
        "请尽快", "请给我",
    ],
    "please2": ["帮我", "帮忙", "替我", "给我", "马上", "快点", "顺便", "先", "尽快", "帮我们"],
    "can_you": [
        "能", "你能", "能不能", "你能不能", "可以", "你可以", "可不可以", "能否", "可否", "你会", "是否可以", "方便",
        "方便帮我", "能帮我", "可以帮我", "能麻烦你", "能不能帮我", "可以麻烦你", "你可以帮我", "请问能",
        "请问可以帮我", "有空的话能",
    ],
    "need_you": [
        "我需要你", "我想让你", "我要你", "希望你", "我想请你", "想请你帮我", "需要你帮我", "你得", "我希望你能",
        "最好你能", "如果你能", "想麻烦你", "我想拜托你", "要是你能", "我们需要你",
    ],
    "i_want": [
        "我想", "我要", "我需要", "我得", "我打算", "我正想", "我们要", "我们想", "我准备", "我必须", "我还要",
        "本人想", "我急着", "我差点忘了", "我答应了", "想要", "我一直想", "我刚想",
    ],
    "do_it": [
        "你来吧。", "帮帮我。", "可以吗？", "麻烦你了。", "请帮忙。", "你帮我做。", "交给你了。", "谢谢。",
        "你能办吗？", "拜托了。", "靠你了。",
    ],
    "let": ["让我们", "咱们", "我们来", "那就", "那", "来，", "现在就", "赶紧", "快", "不如", "干脆"],
    "can_end": [
        "可以吗", "行吗", "好吗", "能做到吗", "能帮忙吗", "可不可以", "行不行", "能办到吗", "方便吗", "你能做吗",
        "帮我弄一下行吗",
    ],
    "when": [
        "现在", "今天", "马上", "立刻", "先", "赶快", "这就", "趁现在", "午饭前", "下班前", "一会儿", "待会儿",
        "照例", "再次", "又要麻烦你：",
    ],
    "when2": [
        "现在就要", "马上", "越快越好", "尽快", "有空的时候", "现在", "立刻", "不急", "今天之内", "赶快", "麻烦快点",
        "我等着", "马上要用", "十万火急",
    ],
    "task": [
        "任务", "要做的事", "请求", "下一个任务", "我的需求", "待办", "指令", "需求如下", "一件事", "请处理", "要求",
        "命令", "问题", "问一下", "新任务", "我的要求", "工作",
    ],
    "tool_hint": [
        "用工具", "请用工具", "用你的工具", "请调用合适的工具", "用函数", "借助工具", "请使用列出的工具，",
        "你有工具，", "调用工具：", "选一个合适的函数，", "通过工具", "利用现有的工具", "使用提供的函数，",
    ],
    "someone": [
        "老板", "老师", "客户", "姐姐", "朋友", "经理", "同事", "妈妈", "爸爸", "领导", "医生", "邻居", "顾客",
        "孩子", "我爱人", "室友", "主任", "组长",
    ],
    "asked_me_to": ["让我", "要我", "叫我", "催我", "请我", "希望我", "吩咐我", "通知我"],
    "first_word": [
        "嗯，", "那么，", "好，", "对了，", "好的，", "再来，", "还有，", "行，", "哎，", "喂，", "不对，", "算了，",
        "是的，", "那就", "另外，", "没错，",
    ],
    "question_lead": [
        "请问", "请问，", "告诉我", "那么", "问一下，", "想问", "你知道", "说说", "请告诉我", "查一下", "帮我查",
        "不知道", "麻烦告诉我", "我想问", "请教一下，", "查查", "能告诉我", "谁知道", "看看", "快说，",
    ],
    "curious": [
        "我忘了。", "我很好奇。", "随便问问。", "急用。", "我记不清了。", "请查一下。", "我想确认。",
        "我完全不知道。", "[要用在|用于|为了]<purpose>。",
    ],
    "ask_end": ["请查一下。", "用工具查。", "帮我看看。", "谢谢！", "告诉我。", "你能查到吗？", "麻烦了。"],
    "need": ["需要", "求", "要", "待办", "想要", "需求", "查", "请处理", "我要", "备忘"],
    "thanks": ["谢谢", "多谢", "谢谢你", "谢了", "感谢", "麻烦了", "辛苦了", "拜托了", "非常感谢", "先谢过"],
    "greeting": [
        "你好，", "您好，", "嗨，", "早上好，", "下午好，", "晚上好，", "你好！", "哈喽，", "助手你好，", "在吗？",
        "嘿，", "亲，", "又是我，", "小助手，", "老师好，", "hi，", "hello，", "打扰了，",
    ],
    "closing": [
        "谢谢！", "多谢。", "谢谢你。", "辛苦了！", "麻烦了。", "非常感谢。", "就这样。", "感谢！", "拜托了！",
        "没别的了。", "先谢谢了。", "谢啦。",
    ],
    "filler": [
        "那个，", "嗯，", "话说，", "对了，", "是这样的，", "其实，", "不好意思，", "打扰一下，", "还有一件事，",
        "哦，", "顺便，", "说起来，", "听我说，", "呃，", "有空的话，", "简单点，", "长话短说，",
    ],
    "after": [
        "这是[给|为]<owner>的。", "用在<purpose>上。", "不着急。", "很急。", "我等着用。", "别问我别的。",
        "简短一点。", "只要结果。", "我赶时间。", "我自己试过没成功。", "快一点。", "弄好告诉我。",
        "然后告诉我结果。", "不用解释。", "越快越好。", "我要转告<owner>。",
    ],
    "owner": [
        "老板", "同事", "客户", "妈妈", "爸爸", "孩子", "朋友", "老婆", "老公", "班级", "团队", "邻居", "老师",
        "姐姐", "室友",
    ],
    "purpose": [
        "[报告|演讲|会议|课程|项目|论文|作业|汇报]", "工作", "学习", "[网站|小店|办公室|旅行|笔记|厨房]",
        "[考试|聚会|婚礼|面试|搬家|审计|比赛]",
    ],
    "reason": [
        "我[正在|在]<busy>，", "我们[正在|在]<busy>，", "我[明天|下周|今晚|周五|过几天]有<plan>，",
        "我现在[很忙|在开车|在地铁上|在开会|在家|在做饭|在路上|走不开]，", "我的笔记丢了，",
        "我刚[回到家|下班|开完会|到公司]，", "<someone>[急着要|需要这个|在等|催得很紧]，", "这是<purpose>要用的。",
        "关于<plan>的事：", "我自己[弄不了|不会弄|做不来|算不清]，", "我不太[懂这个|会用电脑|确定]，",
        "上次你帮过我，", "我[昨天|今天|早上]开始写<paper>，", "最近[太忙了|一直在出差|身体不好]，", "我是新来的，",
        "马上就要<plan2>了，", "为了<plan>，", "手上没空，", "天快黑了，", "我在帮<owner>的忙，",
    ],
    "busy": [
        "准备<plan>", "写<paper>", "计划<plan>", "整理<paper>", "安排<plan>", "讨论<plan>", "赶<paper>", "忙<plan>",
    ],
    "plan": [
        "旅行", "聚会", "会议", "婚礼", "生日会", "考试", "搬家", "家庭晚餐", "新项目", "假期", "比赛", "演讲",
        "面试", "郊游", "音乐会", "家长会", "年会", "出差", "装修", "野餐",
    ],
    "plan2": ["开会", "出发", "考试", "下班", "放假", "开学", "比赛", "上课", "搬家", "交稿"],
    "paper": [
        "报告", "作业", "文章", "清单", "信", "论文", "预算", "计划书", "发言稿", "故事", "会议记录", "总结", "表格",
        "方案",
    ],
}
# fmt: on

# fmt: off
TOOL_RULES: Mapping[str, Sequence[str]] = {
    "list_comma": ["、", "、", "，", "、", "，"],
    "list_last": [
        "{head}和{last}", "{head}和{last}", "{head}、{last}", "{head}以及{last}", "{head}还有{last}",
        "{head}，{last}", "{head}与{last}", "{head}跟{last}",
    ],
    "argument": [
        "{name}为{value}", "{name}是{value}", "{name}：{value}", "{name}={value}", "{name}用{value}",
        "{name} {value}", "{value}作为{name}", "{name}设为{value}", "{name}取{value}", "{name}填{value}",
        "把{name}设成{value}", "{value}（{name}）", "{name} = {value}", "{name}选{value}", "{name}设置为{value}",
        "以{value}为{name}",
    ],
    "argument_yes": [
        "{name}打开", "{name}为true", "{name}：true", "{name}=true", "开启{name}", "启用{name}", "{name}设为是",
        "{name}：是", "{name}开", "要{name}",
    ],
    "argument_no": [
        "{name}关闭", "{name}为false", "{name}：false", "{name}=false", "关掉{name}", "不启用{name}", "{name}设为否",
        "{name}：否", "{name}关", "不要{name}",
    ],
    "more": [
        "，{arguments}", "，{arguments}", "（{arguments}）", "，其中{arguments}", "，参数{arguments}",
        "，用{arguments}", "。参数：{arguments}", "，要求{arguments}", "，条件是{arguments}",
        "，[设置|选项|细节|输入]：{arguments}", "；{arguments}", "。{arguments}", "，并且{arguments}",
        "，注意{arguments}",
    ],
    "name_order": [
        "用{tool}处理{value}", "对{value}运行{tool}", "对{value}使用{tool}", "调用{tool}，输入{value}",
        "用{tool}查{value}", "运行{tool}，参数是{value}", "把{value}交给{tool}", "拿{value}去跑{tool}",
        "执行{tool}，对象是{value}", "试试用{tool}处理{value}", "把{value}传给{tool}", "用{value}调用{tool}",
        "让{tool}处理{value}", "给{value}做一次{tool}", "启动{tool}，目标{value}", "{tool}一下{value}",
        "使用{tool}工具处理{value}", "用函数{tool}算{value}", "看看{tool}对{value}怎么说", "通过{tool}查询{value}",
        "以{value}为输入执行{tool}", "用{tool}检查{value}", "把{value}放进{tool}", "取得{value}的{tool}结果",
        "针对{value}调一下{tool}",
    ],
    "name_order_open": [
        "用{tool}", "调用{tool}", "运行{tool}", "启动{tool}", "执行{tool}", "使用{tool}工具", "调一下{tool}",
        "跑一下{tool}", "试试{tool}", "触发{tool}", "做一次{tool}调用", "调用函数{tool}", "打开{tool}",
    ],
    "name_note": [
        "{tool} {value}", "{tool}：{value}", "{tool}({value})", "{value} -> {tool}", "{value}，{tool}",
        "{tool} / {value}", "{value}用{tool}", "{tool}，输入{value}", "{value}走{tool}", "{tool}处理{value}",
    ],
    "noun_about": [
        "[返回|获取|计算|查找|查询|给出|提供|查看|确定|显示][某个|一个|给定|任意|]{thing}的{noun}。",
        "[查|获取|得到|求]{thing}的{noun}", "{thing}的{noun}", "{noun}查询", "{noun}", "根据{thing}返回{noun}。",
        "输入{thing}，得到{noun}。", "告诉你{thing}的{noun}。", "用来[查询|获取]{thing}的{noun}。",
        "关于{noun}的问题都用它。", "[用于|负责]回答{thing}的{noun}是什么。", "提供{noun}的[服务|函数|工具]。",
        "知道每个{thing}的{noun}。",
    ],
    "noun_order": [
        "<fetch>{value}的{noun}", "<fetch>{value}的{noun}", "<fetch>{value}的{noun}", "<fetch>{value}的{noun}",
        "<fetch>一下{value}的{noun}", "告诉我{value}的{noun}是什么", "把{value}的{noun}<fetch2>",
        "看看{value}的{noun}是多少", "根据{value}<fetch>{noun}", "拿{value}查{noun}", "做一次{value}的{noun}查询",
        "弄清{value}的{noun}", "报一下{value}的{noun}",
    ],
    "fetch": [
        "查", "查询", "查找", "获取", "找", "找出", "告诉我", "给我", "看看", "求", "算出", "得到", "查看", "显示",
        "读取", "确认", "查一查", "列出", "取", "调出", "提供", "返回", "找一下", "查一下", "问问",
    ],
    "fetch2": ["找出来", "告诉我", "给我", "查出来", "发给我", "列出来", "调出来", "取来", "算出来"],
    "noun_order_open": ["<fetch>{noun}", "查一下{noun}", "做一次{noun}查询", "把{noun}<fetch2>"],
    "noun_question": [
        "{value}的{noun}是什么", "{value}的{noun}是多少", "{value}的{noun}是哪个", "{value}有什么{noun}",
        "{value}的{noun}怎么样", "{value}对应的{noun}是什么", "什么是{value}的{noun}", "你知道{value}的{noun}吗",
        "{value}的{noun}会是什么", "{value}，它的{noun}是什么", "能查到{value}的{noun}吗", "哪个{noun}属于{value}",
        "{value}的{noun}有多大", "{value}的{noun}如何",
    ],
    "noun_note": [
        "{value}的{noun}", "{value}{noun}", "{noun} {value}", "{value}：{noun}", "{noun}：{value}", "{value}，{noun}",
        "{value} -> {noun}", "查{noun}，{value}", "{noun}（{value}）", "{value}的{noun}=？", "关于{value}的{noun}",
    ],
    "verb_about": [
        "{verb}[某个|一个|给定的|任意|]{thing}[。|]", "用来{verb}{thing}。", "可以{verb}{thing}。",
        "对{thing}进行{verb}。", "{verb}", "需要{verb}{thing}时使用。", "帮助你{verb}{thing}。",
        "接收{thing}并{verb}。", "{verb}工具", "负责{verb}。",
    ],
    "verb_order": [
        "{verb}{value}", "{verb}{value}", "{verb}{value}", "{verb}一下{value}", "把{value}{verb}一下",
        "对{value}进行{verb}", "{verb}这个：{value}", "拿{value}{verb}", "给{value}做{verb}",
        "{verb}以下内容：{value}", "将{value}{verb}", "对{value}{verb}",
    ],
    "verb_order_open": [
        "{verb}{thing}", "{verb}一个{thing}", "{verb}", "{verb}一下", "把{thing}{verb}一下", "进行{verb}",
        "对{thing}{verb}",
    ],
    "verb_note": [
        "{verb}{value}", "{verb}：{value}", "{value}，{verb}", "{verb} -> {value}", "{value}要{verb}",
        "{verb} {value}", "待{verb}：{value}",
    ],
    "usage": [
        "返回JSON。", "返回一个JSON对象。", "结果是纯文本。", "找不到时返回错误。", "用户需要时调用。",
        "当用户提出这类请求时使用本工具。", "每次请求只调用一次。", "不要猜测参数。",
        "除非另有说明，参数都是必填的。", "参数区分大小写。", "可能需要[几秒钟|一分钟]。",
        "结果缓存[一小时|十分钟|一天]。", "有调用频率限制。", "需要[有效的密钥|登录账号|相应权限]。", "无需登录。",
        "详见[文档|手册|内网]。", "这是推荐的方式。", "代替旧版本。", "参数按原样使用。", "单位为公制。",
        "时间为当地时间。", "全球可用。", "不确定时先询问用户。", "未经用户同意不得调用。", "最多返回100条。",
        "可以多次调用。", "没有副作用。", "操作不可撤销。",
    ],
    "vague_about": [
        "一个工具。", "内部函数。", "函数", "辅助工具", "没有说明。", "见文档。", "团队内部使用。", "测试工具",
        "自定义函数。", "旧接口。", "接口", "执行任务。", "实验功能。", "公司内部服务。", "小心使用。", "功能模块",
        "通用工具",
    ],
    "argument_about": [
        "{word}", "要用的{word}", "{word}。", "指定的{word}", "哪个{word}", "{word}的值", "{word}名称",
        "给定的{word}", "一个{word}", "用户说的{word}", "输入{word}", "需要的{word}", "{word}[内容|参数]",
    ],
    "vague_argument": [
        "输入值", "输入", "参数", "值", "必填", "见文档", "用户输入", "要处理的内容", "内容", "使用的值",
    ],
}
# fmt: on

# fmt: off
ANSWER_RULES: Mapping[str, Sequence[str]] = {
    "result_sentence": [
        "结果是{value}。", "结果：{value}", "找到{value}。", "输出：{value}", "成功：{value}", "是{value}。",
        "返回{value}", "完成，{value}", "值为{value}", "查询到{value}",
    ],
    "reply_value": [
        "结果是{value}。", "答案是{value}。", "是{value}。", "{value}", "{value}。", "我查到的是{value}。",
        "工具返回了{value}。", "给你：{value}。", "这是结果：{value}。", "得到{value}。", "工具显示{value}。",
        "结果：{value}。", "查到了，{value}。",
    ],
    "reply_noun": [
        "{of}的{noun}是{value}。", "{of}的{noun}为{value}。", "{noun}是{value}。", "{of}：{noun}{value}。",
        "是{value}。", "查到{of}的{noun}是{value}。",
    ],
    "reply_pair": ["{of}：{value}", "{of}是{value}", "{of}得到{value}", "{of}的结果是{value}", "{of}为{value}"],
    "reply_done": [
        "完成：{value}。", "成功了，状态是{value}。", "工具返回{value}。", "已完成，状态{value}。", "状态是{value}。",
        "办好了（{value}）。", "处理完毕：{value}。",
    ],
    "error": [
        "找不到{word}", "错误{number}：超时", "输入无效：{word}", "未知的值{word}", "服务不可用", "没有权限",
        "错误{number}", "没有{word}的记录", "请求太多，{number}秒后重试", "连接中断", "不允许{word}",
        "Error {number}", "{word} not found",
    ],
    "reply_error": [
        "抱歉，失败了：{error}。", "工具报错：{error}。", "没有成功：{error}。", "我没能完成，工具提示：{error}。",
        "很遗憾，出错了：{error}。",
    ],
    "decline": [
        "列出的工具都做不了这个。", "我没有合适的工具。", "抱歉，没有工具可以做这件事。", "用现有的工具我做不到。",
        "没有适合这个请求的工具。", "抱歉，我的工具不支持这个。", "这里的工具都不合适。",
        "现有工具不包括这个功能，抱歉。",
    ],
    "decline_topic": [
        "我没有处理{topic}的工具。", "列出的工具都不能处理{topic}。", "抱歉，这里没有{topic}的工具。",
        "没有工具支持{topic}。", "{topic}我帮不了，没有合适的工具。",
    ],
    "pleased": [
        "[谢谢|多谢|谢谢你|感谢|非常感谢|谢啦|谢了][！|。|]",
        "[好的|太好了|很好|不错|明白了|知道了|收到]，[谢谢|谢谢你|多谢][！|。|]",
        "[帮大忙了|正是我要的|这就够了]，[谢谢|多谢][！|。|]", "辛苦[了|你了][！|。|]",
    ],
    "welcome": [
        "[不客气|不用谢|别客气|应该的|很高兴能帮到你][！|。]",
        "[不客气|不用谢]，[还需要什么吗？|有需要再叫我。|还有别的事吗？]",
    ],
    "acknowledge": [
        "好了。", "完成了。", "已完成。", "办好了。", "已经好了。", "好的，完成了。", "搞定了。", "做好了。",
        "已经办好了。", "处理好了。", "好的，已处理。",
    ],
    "calc_about": [
        "[计算|求|算出][一个|任意|]表达式[的值|]。", "计算[算式|数学表达式|表达式]。",
        "[简单的|小|基本|科学|]计算器[。|]", "计算器", "做算术[。|]", "进行[基本|]数学运算。",
        "返回算式的[值|结果]。", "用于[任何|]计算。", "数学", "解算式。", "输入表达式，返回数字。",
    ],
    "calc_argument_about": [
        "表达式", "要计算的表达式", "数学算式[，例如2+2|]", "要算的[公式|算式|式子]。", "算什么", "文本形式的算式",
        "输入", "例如3*4", "像1+1这样的字符串",
    ],
    "calc_order": [
        "<work_out>{value}", "<work_out>{value}", "<work_out>{value}", "算一下{value}", "计算一下{value}",
        "<work_out><the_sum>：{value}", "<work_out><the_sum>：{value}", "<work_out>{value}的[结果|值|得数]",
        "告诉我{value}等于多少", "<by_tool><work_out>{value}", "<by_tool><work_out><the_sum>：{value}",
        "<by_tool>算出{value}", "看看{value}是多少", "给出{value}的[值|结果|答案]", "求{value}的[值|结果|得数]",
        "把{value}算出来", "算算{value}", "得出{value}的结果", "做一下<the_sum>：{value}", "<work_out>这个：{value}",
        "<by_tool>得到{value}的结果",
    ],
    "work_out": ["计算", "算", "求", "算出", "求出", "解", "算一算", "口算", "运算", "演算", "核算", "得出"],
    "the_sum": [
        "[这个|这道|下面的|以下|][算式|式子|题|表达式|数学题|计算题]", "[这些|下列|几道][算式|题目|式子]",
        "[我的|孩子的|][作业题|数学作业]", "[结果|得数]",
    ],
    "by_tool": [
        "用工具", "用计算器", "用你的函数", "用函数", "调用工具", "使用计算工具", "借助计算器", "通过工具",
        "用提供的工具", "请用列出的函数",
    ],
    "calc_question": [
        "{value}等于多少", "{value}是多少", "{value}等于几", "{value}得多少", "{value}的结果是什么",
        "{value}的值是多少", "{value}的得数是几", "{value}是几", "{value}算出来是多少", "你算{value}得多少",
        "{value}能得出多少", "{value}的答案是什么",
    ],
    "calc_note": [
        "{value}", "{value}=？", "{value}=?", "{value} =", "{value}=", "算：{value}", "计算：{value}",
        "{value}，结果", "{value}等于", "{value}的结果", "数学：{value}", "作业：{value}", "{value}得数",
    ],
    "calc_reply": [
        "{expression} = {value}", "{expression}等于{value}。", "结果是{value}。", "答案是{value}。",
        "{expression}的结果是{value}。", "是{value}。", "{value}", "得{value}。", "{expression}={value}。",
        "算出来是{value}。",
    ],
    "calc_pair": [
        "{expression} = {value}", "{expression}={value}", "{expression}是{value}", "{expression}等于{value}",
        "{expression}得{value}",
    ],
}
# fmt: on

# fmt: off
VALUE_RULES: Mapping[str, Sequence[str]] = {
    "value_text": [
        "<do_verb>{word}", "<do_verb>{name}", "{word}[准备好了|迟到了|到了|坏了|完成了|卖完了|在{place}]",
        "[晚上见|来找我|吃午饭|吃晚饭|聚会]，在{place}", "{word}和{word}",
        "[生日快乐|祝你好运|谢谢|欢迎|对不起|恭喜]，{name}", "我会晚到{number}分钟", "{word}{number}",
        "<do_verb>{number}[箱|份|杯|袋|张]{word}", "{name}[喜欢|需要|卖了|找到了|丢了|想要]{word}", "{word}在哪里",
        "[大|新|旧|红|蓝|小|便宜|安静]{word}", "{place}的{word}", "和{name}[开会|通话|旅行|谈话]", "{place}一切都好",
        "{number}点<do_verb>", "[牛奶、鸡蛋和{word}|面包、{word}和茶|{word}、大米、盐]", "{place}有{number}度",
        "今天没有{word}", "亲爱的{name}，{word}到了", "明天带{word}去{place}", "{name}在{place}等你",
    ],
    "do_verb": [
        "打电话给", "买", "带", "修", "画", "看", "检查", "寄", "打扫", "见", "还", "喂", "卖", "找", "浇", "取",
    ],
    "value_date": [
        "{year}-{month_number}-{day_number}", "{year}年{month}{day}日", "{month}{day}日", "{month}{day}号",
        "{year}/{month_number}/{day_number}", "{year}年{month}", "<weekday>", "下<weekday>", "明天", "今天", "后天",
        "{day}号", "大后天", "周末",
    ],
    "weekday": [
        "周一", "周二", "周三", "周四", "周五", "周六", "周日", "星期一", "星期二", "星期三", "星期四", "星期五",
    ],
    "value_time": [
        "{hour}:{minute}", "{hour}:{minute}", "{hour}点{minute}分", "{hour}点", "[早上|上午][7|8|9|10|11]点",
        "下午[1|2|3|4|5]点", "晚上[7|8|9|10]点", "[早上|上午][七|八|九|十]点[半|]", "中午", "下午[两|三|四|五]点半",
        "{hour}：{minute}", "晚上[七|八|九]点",
    ],
    "system": [
        "你是一个[乐于助人|友好|细心|礼貌|简洁|]的助手。", "你是带工具的助手。", "你可以调用列出的函数。",
        "[需要时|有帮助时|合适时]使用工具。",
        "你是[小智|阿达|小诺|小夏|云云]，[商店|银行|学校|酒店|公司|诊所]的助手。",
        "请[简短|用中文|用一句话|礼貌地]回答。", "你帮助[客户|学生|工程师|旅客|团队]处理[任务|问题|工作]。",
        "有合适的工具就调用，没有就直说。", "你是语音助手。", "[运维|客服|销售|研究|旅行]助手，回答要短。",
        "你可以使用函数，不要猜测参数。",
    ],
}
# fmt: on
