"""How Chinese conversations go on: once more, asked back, one thing with another's result, asides."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

# fmt: off
TURN_RULES: Mapping[str, Sequence[str]] = {
    "again": [
        "那{value}呢？", "那{value}呢？", "{value}呢？", "{value}呢", "再来一个{value}", "还有{value}",
        "{value}也来一下", "换成{value}", "换{value}", "同样的，{value}", "{value}也要", "再看看{value}",
        "那换成{value}呢？", "接着{value}", "下一个：{value}", "不对，我是说{value}", "说错了，是{value}",
        "改成{value}吧", "{value}的话呢？", "照样来{value}", "然后{value}", "再试试{value}",
    ],
    "looked_up": [
        "好了。", "已经查到了。", "查好了。", "完成了。", "已经办好。", "结果出来了。", "弄好了。",
        "工具已经返回结果。", "搞定。", "我拿到结果了。",
    ],
    "ask_back": [
        "刚才说的是什么？", "再说一遍？", "结果是什么来着", "没听清，再说一次", "结果呢？", "那结果呢",
        "到底是什么？", "查到什么了？", "[我忘了|没记住]，是[什么|多少]来着？", "[工具|它]怎么说的？", "返回了什么？",
        "把结果再发一下", "告诉我[结果|答案]", "所以呢？", "最后是[多少|什么|哪个]？", "我要记下来，是什么？",
        "[刚刚走神了|信号不好|没看见]，[是什么|再说一遍|结果是]？", "确认一下，结果是？", "重复一下结果",
        "[那|所以]到底怎么样？", "具体是[什么|多少]？", "你查出来的是？", "只说结果就行", "那我该写什么？",
    ],
    "ask_back_noun": [
        "{noun}是什么来着？", "那{noun}呢？", "再说一下{noun}", "{noun}是多少？", "刚才的{noun}是？",
        "{noun}再报一遍", "我忘了{noun}", "所以{noun}是？", "你查到的{noun}是什么？", "{noun}，重复一下",
        "只要{noun}",
    ],
    "ask_back_about": [
        "刚才说{question}来着？", "我忘了，{question}？", "再说一遍，{question}？", "你刚查过的，{question}？",
        "确认一下，{question}？", "简单说，{question}？", "没听清，{question}？",
    ],
    "answer_back": ["{answer}", "{answer}", "{answer}", "刚才说过：{answer}", "好的，{answer}", "再说一遍：{answer}"],
    "ask_field": [
        "{field}呢？", "那{field}呢？", "{field}是[多少|什么]？", "还有{field}呢？", "[顺便|再]说一下{field}",
        "我还要{field}", "里面有{field}吗？", "[好的，|谢谢，|嗯，]{field}呢？", "{field}那一项怎么写的？",
        "返回里的{field}是？", "{field}也告诉我", "只要{field}",
    ],
    "answer_field": [
        "{field}是{value}。", "{field}：{value}", "是{value}。", "{value}", "结果里{field}是{value}。",
        "写的是{value}。",
    ],
    "ask_right": [
        "是{value}，对吧？", "{value}，没错吧？", "你说的是{value}吗？", "是{value}吗？", "那就是{value}？",
        "我听成{value}了，对吗？", "我记的是{value}，对不对？", "所以是{value}咯？", "[等等，|啊，]{value}？",
        "是不是{value}？",
    ],
    "answer_right": ["对，{value}。", "是的，{value}。", "没错，是{value}。", "对，就是{value}。", "正确，{value}。"],
    "answer_wrong": ["不是，是{value}。", "不对，{value}。", "不，结果是{value}。", "是{value}，不是{wrong}。"],
    "ask_sure": [
        "确定吗？", "你确定？", "真的[吗|假的]？", "是工具查的吗？", "感觉不太对", "没弄错吧？", "靠谱吗？", "没错吗？",
        "[可|能]信吗？",
    ],
    "answer_sure": [
        "确定，工具返回的就是这个：{answer}", "是的，是工具给出的：{answer}", "没错，我查过了，{answer}",
        "是的，{answer}", "没错，{answer}",
    ],
    "ask_source": [
        "这是[哪来的|怎么来的]？", "不是你编的吧？", "你怎么知道？", "有什么依据？", "谁说的？", "哪儿查的？",
        "根据是什么？",
    ],
    "answer_source": [
        "是工具给出的：{answer}", "这是工具的结果：{answer}", "工具返回的：{answer}", "我用工具查的，{answer}",
    ],
    "pass_on": [
        "帮我[写|拟]一条[短信|消息]告诉{person}", "怎么跟{person}说？", "写成给{person}的便条",
        "我要转给{person}，怎么写", "{person}也想知道，我怎么回？", "改成发给{person}的一句话",
        "{person}刚才也问我了，我该怎么说？",
    ],
    "passed_on": ["{person}你好，{answer}", "{person}，{answer}", "给{person}：{answer}", "{person}，你好！{answer}"],
    "ask_sentence": [
        "用一句[完整的|]话说", "[总结|概括]一下", "一句话告诉我", "写下来给我", "念给我听", "那该怎么说？",
        "我怎么跟别人讲？",
    ],
    "the_result": [
        "结果", "查到的结果", "得到的结果", "查出来的", "这个结果", "上一步的结果", "返回的内容", "查到的那个",
    ],
    "aside_number": [
        "我今年{number}岁，{ask}", "我只有{number}分钟，{ask}", "我们一共{number}个人，{ask}",
        "还有{number}分钟就发车了，{ask}", "我试了{number}次都不行，{ask}", "我在这里干了{number}年，{ask}",
        "我住{number}楼，{ask}", "后面还有{number}个人在排队，{ask}", "老板只给我{number}个小时，{ask}",
        "我{number}分钟前刚起床，{ask}", "今天已经问你{number}回了，{ask}",
    ],
    "aside_person": [
        "我是{person}，{ask}", "{person}让我来问你，{ask}", "{person}说你能帮忙，{ask}", "{person}就在我旁边，{ask}",
        "我替{person}问一下，{ask}", "我答应了{person}，{ask}", "{person}昨天没弄成，{ask}",
        "我和{person}在上班，{ask}", "我叫{person}，{ask}",
    ],
}
# fmt: on
