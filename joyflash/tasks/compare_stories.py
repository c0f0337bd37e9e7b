# ruff: noqa: E501 (tables of phrases read best one idea a line)
"""Word problems for the comparison task: two things with a measured value each, in English and Chinese.

A scale row is `kind | verb | unit prefix | unit suffix | comparatives for the larger value | comparatives for the smaller value`;
alternatives inside a cell are separated by `/`. Slots of the grammar: {x} {y} the things, {m} {n} their measures, {verb}, {comp}.
"""

SCALES_EN = """
thing|costs|$||more expensive/pricier|cheaper
thing|costs|€||more expensive|cheaper
thing|costs||dollars|more expensive|cheaper
thing|weighs||kg|heavier|lighter
thing|weighs||grams|heavier|lighter
thing|weighs||pounds|heavier|lighter
thing|is||m long|longer|shorter
thing|is||cm long|longer|shorter
thing|is||cm wide|wider|narrower
thing|is||mm thick|thicker|thinner
water|is||m deep|deeper|shallower
place|is||km away|farther away/further away|closer/nearer
place|is||miles away|farther away|closer/nearer
place|is at||degrees|warmer/hotter|colder/cooler
person|is||m tall|taller|shorter
person|ran the race in||seconds|slower|faster
person|swam it in||minutes|slower|faster
person|jumped||m|further/better|less far
person|runs at||km/h|faster|slower
person|scored||points|better/higher|worse/lower
person|worked||hours|busier|less busy
thing|holds||litres|fuller/larger|smaller
thing|is rated||stars|better/higher rated|worse/lower rated
person|walked||km|further ahead|further behind
thing|lasts||hours|longer lasting|shorter lived
thing|goes at||km/h|faster|slower
thing|takes up||MB|bigger/bulkier|smaller
thing|needs||watts|hungrier for power/thirstier|more economical/thriftier
thing|runs for||hours on one charge|longer running|shorter running
thing|is||years old|older|newer/younger
thing|is||m high|higher/taller|lower
thing|makes a noise of||decibels|louder/noisier|quieter
thing|contains||grams of sugar|sweeter/less healthy|less sweet/healthier
thing|has a discount of||percent|more reduced|less reduced
thing|arrives in||minutes|later|earlier/sooner
place|lies at||m above the sea|higher up|lower down
place|had||mm of rain|wetter|drier
place|has||thousand people|more populous/more crowded|less populous/emptier
person|finished after||minutes|later/slower|earlier/quicker
person|slept||hours|better rested|more tired
person|saved||dollars|richer|poorer
person|is||years old|older|younger
person|lifted||kg|stronger|weaker
person|threw||m|further|less far
water|flows at||m per second|faster|slower
"""

SCALES_ZH = """
thing|卖||元|更贵/贵|更便宜/便宜
thing|的价格是||块钱|更贵/贵|更便宜/便宜
thing|要|￥||更贵|更便宜
thing|重||公斤|更重/重|更轻/轻
thing|重||千克|更重|更轻
thing|重||克|更重|更轻
thing|长||米|更长/长|更短/短
thing|长||厘米|更长|更短
thing|宽||厘米|更宽|更窄
thing|厚||毫米|更厚|更薄
water|水深||米|更深|更浅
place|离这里||公里|更远/远|更近/近
place|的气温是||度|更热/更暖和|更冷/更凉快
person|身高||米|更高/高|更矮/矮
person|跑完用了||秒|更慢/慢|更快/快
person|游完用了||分钟|更慢|更快
person|跳了||米|跳得更远|跳得更近
person|的速度是每小时||公里|更快|更慢
person|得了||分|分数更高/得分高|分数更低/得分低
person|走了||公里|走得更远|走得更近
thing|能装||升|装得更多|装得更少
thing|的评分是||分|评分更高|评分更低
person|工作了||小时|工作更久|工作更短
thing|占||MB|占得更多/更占地方|占得更少/更省地方
thing|的功率是||瓦|更费电/功率更大|更省电/功率更小
thing|能用||小时|用得更久/更耐用|用得更短
thing|有||年历史|更老/更旧|更新
thing|高||米|更高/高|更矮/矮
thing|的噪声是||分贝|更吵/声音更大|更安静/声音更小
thing|含糖||克|更甜/含糖更多|没那么甜/含糖更少
thing|的油耗是||升|更费油|更省油
thing|还要||分钟才到|到得更晚|到得更早/先到
thing|的存款是||万元|存得更多|存得更少
thing|的亮度是||流明|更亮/亮|更暗/暗
thing|的面积是||平方米|更大/更宽敞|更小/更挤
place|的海拔是||米|更高/海拔更高|更低/海拔更低
place|下了||毫米的雨|雨更大/下得更多|雨更小/下得更少
place|有||万人|人更多/更热闹|人更少/更冷清
place|的湿度是||度|更潮/更湿润|更干/更干燥
person|睡了||小时|睡得更久/睡得更多|睡得更短/睡得更少
person|今年||岁|年纪更大/更年长|年纪更小/更年轻
person|举起了||公斤|力气更大/举得更重|力气更小/举得更轻
person|扔了||米|扔得更远|扔得更近
person|等了||分钟|等得更久|等得更短
person|攒了||元|攒得更多/更有钱|攒得更少/更没钱
person|摘了||斤|摘得更多|摘得更少
person|写了||页|写得更多/写得更长|写得更少/写得更短
water|流速是每秒||米|流得更快|流得更慢
"""

THINGS_EN = [
    "apple",
    "melon",
    "pear",
    "book",
    "bag",
    "box",
    "chair",
    "table",
    "rope",
    "ribbon",
    "cable",
    "stick",
    "pencil",
    "phone",
    "lamp",
    "cup",
    "bottle",
    "jar",
    "tank",
    "bucket",
    "stone",
    "brick",
    "parcel",
    "suitcase",
    "fish",
    "cake",
    "loaf",
    "cheese",
    "shirt",
    "hat",
    "coat",
    "scarf",
    "toy",
    "robot",
    "bike",
    "car",
    "bus",
    "train",
    "boat",
    "drone",
    "battery",
    "candle",
    "film",
    "game",
    "ticket",
    "pen",
    "notebook",
    "sofa",
    "desk",
    "door",
    "window",
    "board",
    "plank",
    "pipe",
    "wire",
    "chain",
    "belt",
    "carpet",
    "curtain",
    "mirror",
    "plate",
    "pan",
    "kettle",
    "clock",
    "radio",
    "camera",
]
PLACES_EN = [
    "lake",
    "river",
    "pond",
    "harbour",
    "village",
    "school",
    "station",
    "market",
    "airport",
    "park",
    "museum",
    "library",
    "beach",
    "bridge",
    "castle",
    "farm",
    "hotel",
    "cafe",
    "hospital",
    "valley",
    "forest",
    "island",
    "cave",
    "pool",
    "canal",
]
WATERS_EN = ["lake", "river", "pond", "harbour", "pool", "canal", "cave", "well", "bay"]
PERSONS_EN = [
    "Tom",
    "Anna",
    "Ben",
    "Lucy",
    "Sam",
    "Mia",
    "Leo",
    "Nina",
    "Max",
    "Ella",
    "Jack",
    "Rosa",
    "Paul",
    "Vera",
    "Omar",
    "Lily",
    "Ivan",
    "Maya",
    "Hugo",
    "Zoe",
    "Karl",
    "Nora",
    "Finn",
    "Ruth",
    "Adam",
    "Jane",
    "Mark",
    "Olga",
    "Peter",
    "Sara",
    "Luis",
    "Emma",
    "David",
    "Alice",
    "Kofi",
    "Yuki",
    "Priya",
    "Hans",
    "Greta",
    "Marco",
]
ADJECTIVES_EN = [
    "red",
    "blue",
    "green",
    "old",
    "new",
    "small",
    "big",
    "wooden",
    "black",
    "white",
    "first",
    "second",
    "yellow",
    "plain",
    "round",
]

THINGS_ZH = [
    "苹果",
    "西瓜",
    "梨",
    "书",
    "书包",
    "箱子",
    "椅子",
    "桌子",
    "绳子",
    "丝带",
    "电线",
    "棍子",
    "铅笔",
    "手机",
    "台灯",
    "杯子",
    "瓶子",
    "罐子",
    "水桶",
    "石头",
    "砖头",
    "包裹",
    "行李箱",
    "鱼",
    "蛋糕",
    "面包",
    "奶酪",
    "衬衫",
    "帽子",
    "外套",
    "围巾",
    "玩具",
    "自行车",
    "电池",
    "蜡烛",
    "门票",
    "钢笔",
    "笔记本",
    "沙发",
    "门板",
    "木板",
    "水管",
    "链子",
    "皮带",
    "地毯",
    "窗帘",
    "镜子",
    "盘子",
    "平底锅",
    "水壶",
    "闹钟",
    "收音机",
    "相机",
    "牛奶",
    "大米",
    "茶叶",
]
PLACES_ZH = [
    "湖",
    "河",
    "池塘",
    "村子",
    "学校",
    "车站",
    "市场",
    "机场",
    "公园",
    "博物馆",
    "图书馆",
    "海滩",
    "大桥",
    "城堡",
    "农场",
    "酒店",
    "咖啡馆",
    "医院",
    "山谷",
    "森林",
    "小岛",
    "游泳池",
    "运河",
]
WATERS_ZH = ["湖", "河", "池塘", "游泳池", "运河", "水库", "港口", "海湾", "水井"]
PERSONS_ZH = [
    "小明",
    "小红",
    "小刚",
    "小丽",
    "小华",
    "小军",
    "张伟",
    "李娜",
    "王芳",
    "刘洋",
    "陈静",
    "杨帆",
    "赵强",
    "周敏",
    "吴磊",
    "郑爽",
    "孙悦",
    "马超",
    "朱琳",
    "胡杰",
    "林涛",
    "何欣",
    "高翔",
    "罗兰",
    "梁博",
    "宋佳",
    "唐宁",
    "许诺",
    "韩雪",
    "冯刚",
    "爸爸",
    "妈妈",
    "哥哥",
    "姐姐",
]
ADJECTIVES_ZH = [
    "红色的",
    "蓝色的",
    "绿色的",
    "旧的",
    "新的",
    "小的",
    "大的",
    "黑色的",
    "白色的",
    "第一个",
    "第二个",
    "黄色的",
]

RULES_EN: dict[str, list[str]] = {
    "story": ["<facts>. <ask>", "<facts>. <ask>", "<scene> <facts>. <ask>", "<ask_long>", "<scene> <ask_long>"],
    "facts": [
        "{x} {verb} {m} and {y} {verb} {n}",
        "{x} {verb} {m}, {y} {verb} {n}",
        "{x} {verb} {m}. {y} {verb} {n}",
        "{x} {verb} {m} while {y} {verb} {n}",
        "{x} {verb} {m}; {y} {verb} {n}",
        "{x}: {m}, {y}: {n}",
        "{x} ({m}), {y} ({n})",
        "{x} {verb} {m} but {y} {verb} {n}",
        "{x} - {m}. {y} - {n}",
        "{x} {verb} exactly {m}, and {y} {verb} {n}",
    ],
    "ask": [
        "[Which|Who or what|Which one|Which of them|Which of the two|Which of these] is {comp}<q>",
        "Tell me [which is|which one is|the] {comp}[ one|] please.",
        "[So|Then|Now,] which [one|] is {comp}<q>",
        "Is {x} or {y} {comp}<q>",
        "Which is {comp}, {x} or {y}<q>",
        "{comp} one?",
        "[Name|Find|Pick|Give me|Choose] the {comp} one.",
        "What is the {comp} [one|of the two]<q>",
        "I want the {comp} one. Which is it?",
        "[Can you say|Do you know|Can you tell me|Please say] which is {comp}<q>",
        "[I|We|My mother|My friend|She|He] would like the {comp} one.",
    ],
    "ask_long": [
        "Which is {comp}[, |: ]{x} [at|with] {m} or {y} [at|with] {n}<q>",
        "What is {comp}: {x} ({m}) or {y} ({n})<q>",
        "If {x} {verb} {m} and {y} {verb} {n}, which [one|] is {comp}<q>",
        "{comp}: {x} ({m}) or {y} ({n})<q>",
        "Pick the {comp}[ one|]: {x} ({m}), {y} ({n})<q>",
        "Suppose {x} {verb} {m} and {y} {verb} {n}; which is {comp}<q>",
    ],
    "scene": [
        "I am [shopping|at home|at school|making a list|planning].",
        "[Today|Yesterday|This morning|Last week|At school|In class] we [looked|checked|noted this].",
        "A [small|short|simple] problem:",
        "Word problem:",
        "Here are [the facts|my notes|two facts].",
        "[My|Our] [teacher|son|friend] asks:",
        "Let me see.",
        "Listen:",
        "From the [list|table|book|label|news]:",
        "Help me [choose|decide].",
        "Question [1|2|3|4|5]:",
        "Hi!",
        "Look:",
    ],
    "q": ["?", "?", "?", "?", "", " ?", "??"],
}

RULES_ZH: dict[str, list[str]] = {
    "story": [
        "<facts>[，|。]<ask>",
        "<facts>[，|。]<ask>",
        "<scene><facts>[，|。]<ask>",
        "<ask_long>",
        "<scene><ask_long>",
    ],
    "facts": [
        "{x}{verb}{m}，{y}{verb}{n}",
        "{x}{verb}{m}，而{y}{verb}{n}",
        "{x}{verb}{m}；{y}{verb}{n}",
        "{x}{verb}{m}，但是{y}{verb}{n}",
        "{x}：{m}，{y}：{n}",
        "{x}（{m}），{y}（{n}）",
        "已知{x}{verb}{m}，{y}{verb}{n}",
        "如果{x}{verb}{m}，{y}{verb}{n}",
        "{x}{verb}{m}，另外{y}{verb}{n}",
    ],
    "ask": [
        "[哪个|哪一个|谁|请问哪个|那么哪个|到底哪个|问哪个|你说哪个|两者中哪个|它们当中哪个]{comp}<q>",
        "{x}和{y}[哪个|谁|哪一个]{comp}<q>",
        "{comp}的是[哪个|哪一个|谁]<q>",
        "是{x}{comp}还是{y}{comp}<q>",
        "[请|帮我|麻烦]告诉我[哪个|谁|哪一个]{comp}[。|，谢谢。|]",
        "[我|妈妈|朋友|老师]想知道[哪个|谁]{comp}。",
        "我想[选|要]{comp}的[那个|一个]，[是哪个|应该选哪个|选谁]？",
    ],
    "ask_long": [
        "{x}（{m}）和{y}（{n}）[哪个|哪一个|谁]{comp}<q>",
        "{m}的{x}和{n}的{y}，[哪个|哪一个]{comp}<q>",
        "[选出|找出|说出]{comp}的：{x}（{m}），{y}（{n}）。",
        "{x}{verb}{m}，{y}{verb}{n}，你说[哪个|谁]{comp}<q>",
        "当{x}{verb}{m}、{y}{verb}{n}时，[哪个|谁]{comp}<q>",
    ],
    "scene": [
        "[今天|昨天|早上|上周|课上|刚才]我们[量了一下|查了一下|记了一下]：",
        "应用题：",
        "小题目：",
        "我在[买东西|做作业|列清单]，",
        "老师[问|出题]：",
        "请听题：",
        "帮我[选一下|看看|决定一下]：",
        "你好，",
        "[标签|书|表格|新闻]上写着：",
        "请问，",
        "第[一|二|三|四|五]题：",
        "看这里：",
    ],
    "q": ["？", "？", "？", "？", "", "?", "呢？", "啊？"],
}
