"""Chinese real tools for daily life, in the text form that ``joyflash.tasks.tool_use.parse_tools`` reads."""

from __future__ import annotations

from joyflash.tasks.tool_kinds_zh_daily import DAILY_TOOLS_ZH
from joyflash.tasks.tool_kinds_zh_office import OFFICE_TOOLS_ZH
from joyflash.tasks.tool_kinds_zh_people import PEOPLE_TOOLS_ZH
from joyflash.tasks.tool_kinds_zh_science import SCIENCE_TOOLS_ZH
from joyflash.tasks.tool_kinds_zh_work import WORK_TOOLS

_DAILY_TOOLS = """
tool outdoors: get_weather weather chaxun_tianqi current_weather tianqi check_weather
about: [查询|获取|返回]某个[城市|地方]的[当前|]天气。
about: [天气|当前天气|天气预报|城市天气][查询|]
city = city ; city location chengshi place ; [城市名|城市|要查的地方]
date? = date ; date riqi day ; [日期|哪一天] ; ，日期[是|为|]{}
order: [查一下|查查|看看|查询|告诉我|说说]{city}的[天气|天气情况|天气怎么样|气温]
order: [看看|查一下|确认]{city}[下不下雨|会不会下雨|冷不冷|有没有风|下雪没有]
ask: {city}[的|现在|今天|]天气[怎么样|如何|好不好]
ask: {city}[下雨吗|冷不冷|热不热|有没有雾|会下雪吗|多少度|要不要带伞]
note: {city}天气
note: 我要去{city}，该穿什么
gives: temperature = integer:1-38 ; condition = sky
reply: {city}现在{temperature}度，{condition}。
reply: {city}{condition}，气温{temperature}度。

tool outdoors: sunrise_time get_sunrise richu_time sun_times
about: [返回|查询]城市的日出时间。
about: 太阳什么时候升起
city = city ; city location chengshi ; 城市
order: [查|告诉我|看看]{city}的日出时间
order: [查一下|说说]{city}几点日出
ask: {city}[几点日出|太阳什么时候升起|日出是几点|几点天亮]
note: {city}日出
gives: sunrise = time
reply: {city}的日出时间是{sunrise}。
reply: {city}{sunrise}日出。

tool outdoors: air_quality get_aqi kongqi_zhiliang pollution_index
about: [查询|返回]城市的空气质量。
about: 空气污染指数
city = city ; city location chengshi area ; 地点
order: [查|看看|告诉我]{city}的[空气质量|污染指数|空气怎么样]
order: 看看{city}[空气好不好|雾霾重不重|空气干不干净]
ask: {city}[空气怎么样|空气质量如何|污染严重吗|有雾霾吗]
note: {city}空气质量
gives: aqi = integer:5-300
reply: {city}的空气质量指数是{aqi}。

tool clocks: get_time current_time world_clock shijian local_time
about: [返回|查询]某个城市的[当前|当地]时间。
about: 世界时钟
city = city ; city place chengshi zone ; 城市
order: [告诉我|查一下|看看]{city}[现在几点|的当地时间|的时间]
ask: {city}[现在几点|几点了|现在是什么时间|当地时间是多少]
ask: 现在{city}是[白天还是晚上|几点钟]
note: {city}时间
gives: time = time
reply: {city}现在是{time}。

tool clocks: set_timer start_timer timer jishiqi countdown daojishi
about: [设置|启动][一个|]倒计时，单位分钟。
about: 计时器（分钟）
minutes = integer:1-180 ; minutes duration fenzhong length ; [分钟数|时长]
order: [设|定|开]一个{minutes}分钟的[计时器|倒计时|定时]
order: [倒计时|计时]{minutes}分钟
order: {minutes}分钟[后|以后][叫我|提醒我|响铃]
order: 过{minutes}分钟[叫我|告诉我]
note: 计时{minutes}分钟
note: {minutes}分钟倒计时
gives: status = enum:running,started,active
reply: 计时器{status}：{minutes}分钟。

tool clocks: set_alarm create_alarm alarm naozhong wake_up
about: [设置|新建][一个|]闹钟。
about: 到点叫醒你的闹钟
time = time ; time at shijian when ; [时间|响铃时间]
order: [设|定|建]一个{time}的闹钟
order: {time}[叫我起床|叫醒我|响铃]
order: 把闹钟[定在|设在|调到]{time}
order: 确保我{time}[醒来|起床|不睡过头]
note: 闹钟{time}
note: 我{time}要起床
gives: alarm_id = id
reply: {time}的闹钟已设好（{alarm_id}）。
reply: 闹钟{alarm_id}会在{time}响。

tool money: convert_currency exchange huilv currency_converter duihuan
about: 把金额从一种货币换算成另一种货币。
about: [货币|汇率]换算
amount = price ; amount jine sum value ; 金额
source = currency ; from_currency source base yuan_bi ; 原货币
target = currency ; to_currency target quote mubiao_bi ; 目标货币
order: [把|将]{amount}{source}[换成|兑换成|换算成|转成]{target}
order: [算算|看看|查一下]{amount}{source}[等于|能换]多少{target}
ask: {amount}{source}[等于|是|能换|值]多少{target}
note: {amount}{source}换{target}
gives: result = price
reply: {amount}{source}等于{result}{target}。

tool money: get_stock_price stock_price gupiao gujia share_price
about: [查询|返回]股票的[当前|]价格。
about: 股价
symbol = stock ; symbol ticker gupiao code ; [股票代码|股票]
order: [查|看看|告诉我]{symbol}的[股价|价格|最新股价|行情]
ask: {symbol}[现在多少钱|股价是多少|涨到多少了|今天什么价]
note: {symbol}股价
gives: price = price
reply: {symbol}的股价是{price}。

tool words: translate translate_text fanyi translator to_language
about: 把[文字|文本|一句话]翻译成[另一种|指定]语言。
about: 翻译
text = text ; text content wenben sentence ; [要翻译的文字|原文]
target = language ; target_language target to yuyan ; 目标语言
order: [把|将]{text}[翻译成|译成|翻成]{target}
order: 用{target}[说|表达|写]{text}
order: 翻译成{target}：{text}
ask: {text}用{target}怎么说
ask: {text}的{target}[是什么|怎么写]
note: {text}，译成{target}
gives: translation = text
reply: 译文是：{translation}。

tool words: define_word dictionary cidian lookup_word meaning_of
about: [查询|返回]词语的[意思|解释]。
about: 词典
word = word ; word term ci entry ; 要查的词
order: [查|解释|说说|查一下]{word}的[意思|定义|含义]
order: 在词典里[查|找]{word}
ask: {word}[是什么意思|怎么解释|的定义是什么]
note: {word}的意思
gives: meaning = text
reply: {word}的意思是{meaning}。

tool words: count_words word_count zishu text_length
about: 统计一段文字的字数。
about: 字数统计
text = text ; text content wenzi input ; 文字
order: [数一数|统计|算算]{text}[有多少个字|的字数|有几个字]
ask: {text}[有几个字|有多少字|字数是多少]
note: 字数：{text}
gives: count = integer:1-60
reply: 一共{count}个字。

tool words: summarize_text summary zhaiyao shorten_text tldr
about: 给一段文字写摘要。
about: 文本摘要
text = text ; text content neirong article ; 内容
order: [总结|概括|缩写|归纳]一下{text}
order: 给{text}写个[摘要|总结]
order: 把{text}[缩短|概括成一句话]
note: 摘要：{text}
gives: summary = text
reply: 摘要：{summary}。

tool lights: set_light_color light_color dengguang_yanse lamp_color
about: 改变房间灯光的颜色。
about: 灯光颜色
room = room ; room fangjian area ; 房间
color = color ; color yanse colour ; 颜色
order: 把{room}的灯[调成|变成|设成|改成]{color}
order: 让{room}的灯光变{color}
order: [调|改|设置]{room}灯光为{color}
note: {room}灯{color}
note: {room}我想要{color}的灯光
gives: status = enum:ok,done,changed
reply: {room}的灯已是{color}（{status}）。

tool lights: switch_light light_switch toggle_light kaideng
about: [打开或关闭|开关]房间的灯。
about: 灯的开关
room = room ; room fangjian where ; 房间
state = enum:on,off ; state kaiguan power ; on或off
order: 把{room}的灯[设为|切到|调到]{state}
order: [切换|设置]{room}的灯为{state}
order: {room}的灯要{state}
note: {room}灯 {state}
gives: status = enum:ok,done
reply: {room}的灯已{state}（{status}）。

tool climate: set_temperature thermostat wendu heating kongtiao
about: 设置房间的[空调|暖气]温度。
about: [温控器|空调温度]
room = room ; room fangjian zone ; 房间
degrees = integer:15-30 ; degrees temperature wendu value ; 度数
order: 把{room}的[温度|空调|暖气][调到|设为|开到]{degrees}度
order: [让|使]{room}保持{degrees}度
order: {room}[空调|暖气]开到{degrees}度
note: {room}{degrees}度
gives: status = enum:ok,done
reply: {room}已设为{degrees}度（{status}）。

tool house: start_vacuum robot_vacuum saodi clean_room
about: 让扫地机器人打扫[某个|]房间。
about: 扫地机
room = room ; room fangjian area ; 要打扫的房间
order: [打扫|扫一下|清扫|吸一下]{room}
order: 让扫地机[去|清扫|打扫]{room}
order: 把{room}[打扫干净|扫一遍]
note: 扫地：{room}
gives: status = enum:started,running
reply: {room}的打扫状态：{status}。

tool media: play_music play_song bofang music_player start_music
about: 播放[某位歌手|某个乐队]的音乐。
about: 放音乐
artist = artist ; artist singer geshou band ; [歌手|乐队]
order: [放|播放|来点|放点|来一首]{artist}的[歌|音乐|曲子]
order: 我想听{artist}，放一下
note: {artist}的歌
note: 想听{artist}
note: 音乐：{artist}
gives: song = title
reply: 正在播放{artist}的{song}。

tool media: set_volume volume yinliang loudness
about: 设置音量，0到100。
about: 音量
level = integer:1-100 ; level volume yinliang percent ; 音量大小
order: 把音量[调到|设为|开到|改成]{level}
order: [音量|声音]调成{level}
note: 音量{level}
note: 声音{level}
gives: status = enum:ok,done
reply: 音量是{level}（{status}）。

tool media: movie_info get_movie dianying film_info
about: [查询|返回]电影的信息。
about: 电影资料
title = title ; title film dianying name ; 片名
order: [查|找|说说|介绍]电影{title}[的信息|的资料|]
order: 看看电影{title}是谁导演的
ask: 电影{title}[是谁导演的|哪年上映|讲什么|好看吗]
note: 电影{title}
gives: director = person ; year = integer:1950-2020
reply: {title}由{director}导演，{year}年上映。

tool food: find_recipe recipe caipu recipe_search cook_with
about: 按[食材|材料]找菜谱。
about: 菜谱
ingredient = food ; ingredient food shicai with ; 食材
order: [找|给我|查]一个用{ingredient}做的菜谱
order: [找找|推荐]{ingredient}的[做法|菜谱]
ask: {ingredient}[怎么做|能做什么菜|怎么烧好吃]
note: {ingredient}做法
note: 家里有{ingredient}，做什么菜
gives: recipe = title
reply: 可以做{recipe}。

tool food: get_calories calories reliang kaluli nutrition
about: [查询|返回]食物的热量。
about: 食物卡路里
food = food ; food item shiwu dish ; 食物
order: [查|算|看看|告诉我]{food}的[热量|卡路里]
ask: {food}[有多少热量|热量高吗|多少卡路里|会不会长胖]
note: {food}热量
gives: calories = integer:20-900
reply: {food}的热量是{calories}千卡。

tool food: book_table table_reservation yuding_canting reserve_table
about: 在餐厅订[桌|位]。
about: 餐厅预订
restaurant = restaurant ; restaurant canting place ; 餐厅
people = integer:1-12 ; people renshu guests seats ; 人数
order: [订|预订|定]{restaurant}{people}个人的[位子|桌子|座位]
order: 在{restaurant}[订|预订|留]{people}个人的[位子|桌子|座位]
ask: {restaurant}还有{people}个人的位子吗
note: {restaurant}，{people}人
note: 我们{people}个人去{restaurant}吃饭，要订位
gives: booking = id
reply: {restaurant}{people}人已订好，编号{booking}。

tool food: order_food food_delivery waimai deliver_food
about: [点|订]外卖送到[某个|]地址。
about: 外卖
dish = food ; dish food cai item ; 菜名
address = street ; address dizhi to ; 送餐地址
order: [点|订|叫]一份{dish}[送到|到]{address}
order: 把{dish}外卖送到{address}
note: 外卖{dish}，送{address}
note: 我在{address}，想吃{dish}
gives: minutes = integer:15-90
reply: {dish}大约{minutes}分钟后送到{address}。

tool travel: search_flights find_flights hangban flights
about: 查询两个城市之间的航班。
about: 航班查询
origin = city ; origin from chufa departure ; 出发城市
destination = city ; destination to daoda arrival ; 到达城市
date? = date ; date riqi day ; 日期 ; ，{}[出发|走|的]
order: [查|找|搜]从{origin}[到|飞往|飞]{destination}的[航班|机票|飞机]
order: 看看{origin}飞{destination}的[票|航班]
ask: 从{origin}到{destination}[有哪些航班|的机票多少钱|有飞机吗]
note: {origin}到{destination}机票
note: {origin}飞{destination}
gives: flight = id ; price = price
reply: 从{origin}到{destination}有航班{flight}，票价{price}元。

tool travel: train_schedule find_train huoche trains gaotie
about: 查询两个城市之间的[火车|高铁|列车]。
about: 火车时刻
origin = city ; origin from chufa start ; 出发站
destination = city ; destination to daoda end ; 到达站
order: [查|找]{origin}到{destination}的[火车|高铁|动车|列车时刻]
ask: {origin}到{destination}[有高铁吗|的火车几点开|最早的火车是几点]
note: {origin}到{destination}高铁
note: {origin}至{destination}，坐火车
gives: train = id ; time = time
reply: {train}次列车{time}从{origin}开往{destination}。

tool travel: book_hotel hotel_booking jiudian reserve_hotel
about: 在[某个|]城市订酒店。
about: 酒店预订
city = city ; city chengshi location where ; 城市
nights = integer:1-14 ; nights wanshu days ; 住几晚
order: [订|预订|找]{city}的酒店住{nights}晚
order: 在{city}订{nights}晚[酒店|宾馆|住宿]
note: {city}酒店{nights}晚
note: 我要在{city}住{nights}个晚上
gives: hotel = title ; price = price
reply: {city}的{hotel}，{nights}晚共{price}元。

tool travel: call_taxi order_taxi dache book_ride jiaoche
about: 叫出租车去[某个|]地方。
about: 打车
destination = place ; destination to mudidi where ; 目的地
order: [叫|打|约]一辆车[去|到]{destination}
order: [打车|叫车|叫出租车]去{destination}
note: 打车去{destination}
note: 我要去{destination}，需要一辆车
gives: plate = id ; minutes = integer:1-20
reply: 车牌{plate}，{minutes}分钟后到，去{destination}。

tool maps: get_directions directions route luxian daohang
about: 规划两地之间的路线。
about: 导航
start = place ; start from qidian origin ; 起点
end = place ; end to zhongdian goal ; 终点
order: [规划|查|找]从{start}到{end}的路线
order: 从{start}导航到{end}
ask: 从{start}到{end}怎么走
ask: 从{start}怎么[去|到]{end}
note: {start}到{end}路线
gives: minutes = integer:2-200
reply: 从{start}到{end}大约{minutes}分钟。

tool maps: distance_between distance juli how_far
about: [计算|返回]两个城市的距离。
about: 距离
first = city ; first from chengshi_a origin ; 第一个城市
second = city ; second to chengshi_b destination ; 第二个城市
order: [算|查|量]{first}和{second}[的距离|相距多远|之间的距离]
ask: {first}离{second}[多远|有多少公里]
ask: {first}到{second}[多远|有多少公里]
note: {first}{second}距离
gives: km = integer:10-5000
reply: {first}和{second}相距{km}公里。

tool health: book_doctor doctor_appointment guahao see_doctor
about: 因某种[症状|不适]预约医生。
about: 挂号
symptom = symptom ; symptom zhengzhuang problem ; 症状
order: 因为{symptom}[预约医生|挂个号|约个大夫]
order: [挂号|约医生]看{symptom}
note: {symptom}，要看医生
note: 我有点{symptom}，约个医生
gives: doctor = person ; time = time
reply: {doctor}医生{time}给您看{symptom}。

tool health: log_water drink_log heshui track_water
about: 记录喝了多少[毫升|]水。
about: 喝水记录
amount = integer:50-1000 ; amount ml haosheng volume ; 毫升数
order: [记录|记下]我喝了{amount}毫升水
order: [加|记]{amount}毫升[喝水|饮水]记录
note: 喝水{amount}毫升
note: 刚喝了{amount}毫升水
gives: total = integer:100-4000
reply: 今天共喝{total}毫升水。

tool sports: match_result get_score bifen latest_score
about: [查询|返回]球队[最近|]的比分。
about: 比赛结果
team = company ; team qiudui club ; 球队
order: [查|看看|告诉我]{team}队的[比分|比赛结果|战绩]
ask: {team}队[赢了吗|比分是多少|踢得怎么样]
note: {team}队比分
gives: score = enum:2:1,3:0,1:1
reply: {team}队的比分是{score}。
"""

TOOLS = "\n\n".join(
    block.strip()
    for block in (_DAILY_TOOLS, DAILY_TOOLS_ZH, PEOPLE_TOOLS_ZH, OFFICE_TOOLS_ZH, SCIENCE_TOOLS_ZH, WORK_TOOLS)
)
