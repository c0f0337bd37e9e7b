"""Chinese real tools for science, countries, texts, media, law and safety, in the form that ``parse_tools`` reads."""

from __future__ import annotations

SCIENCE_TOOLS_ZH = """
tool chemistry: atomic_number element_info yuansu_xushu periodic_table element_lookup
about: 查化学元素的原子序数。
about: 元素周期表查询
element = enum:氢,氦,碳,氧,钠,铝,铁,铜,银,金,汞,铅 ; element yuansu name ; 元素名
order: 查{element}的原子序数
order: 看看{element}在[周期表|那张表]里[排第几|是几号]
ask: {element}[排在第几位|有几个质子|是第几号]
ask: 化学卷子上问{element}[核里几个质子|排老几]，[答案是多少|该填几]
note: 背到{element}[就卡住了|又忘了]，[第几号来着|它排多少]
note: {element}，序号
note: 孩子问我{element}是第几个，[我哪记得|早还给老师了]
note: 门捷列夫那张表，{element}[占哪一格|在第几格]
gives: number = integer:1-92
reply: {element}的原子序数是{number}。

tool chemistry: melting_point melt_temperature rongdian fusion_point when_it_melts
about: 查物质的熔点，单位摄氏度。
about: Temperature at which a substance turns liquid.
substance = enum:铁,铜,铝,金,银,锡,蜡,盐,玻璃,铅 ; substance wuzhi material ; 物质
order: 查{substance}的熔点
order: 看看{substance}烧到多热才[化|变软|成水]
ask: {substance}[多少度才会化|要加热到几度才变成水|几度开始化开]
ask: 想把{substance}[化开倒进模子|烧成汤]，炉子得[调到多热|烧到几度]
note: 做[手工|首饰]要浇{substance}，[不知道火要开多大|怕温度不够]
note: {substance}化开的温度
note: 普通煤气灶能不能把{substance}烧[化|成水]，[得多少度|要多热]
note: 把{substance}放进炉子，[几度才开始淌|什么温度它就成液体了]
gives: degrees = integer:60-1600
reply: {substance}的熔点是{degrees}摄氏度。

tool space: planet_distance distance_from_sun xingxing_juli planet_orbit how_far_planet
about: 查行星离太阳有多远。
about: 行星轨道数据
planet = enum:水星,金星,火星,木星,土星,天王星,海王星 ; planet xingxing name ; 行星
order: 查{planet}到太阳的距离
order: 告诉我{planet}[离日头几公里|绕日的圈子有多大]
ask: {planet}[离太阳多远|晒到的阳光要跑多远]
ask: 从太阳出发，[要走几公里才到|走到]{planet}有多少公里
note: 给孩子做[太阳系模型|小球模型]，{planet}[该放多远|摆在哪儿]
note: {planet}，[轨道半径|日距]
note: {planet}那么冷，是不是[离日头太远|照不到多少光]，[具体几公里|到底多远]
note: 写科普稿，缺一个{planet}的[日距|远近]
gives: km = number
reply: {planet}离太阳约{km}亿公里。

tool space: moon_phase lunar_phase yuexiang moon_shape phase_on
about: 查某天的月相[（新月、满月等）|]。
about: 月相日历
date = date ; date riqi night ; 日期
order: 查{date}的月相
order: 看看{date}夜里[月亮圆不圆|是弯钩还是圆盘]
ask: {date}[是满月吗|的月亮什么形状|晚上天黑不黑，有月光吗]
ask: {date}去海边[夜钓|露营]，[月亮亮不亮|天上是圆的还是弯的]
note: {date}要[拍银河|观星]，[最怕月光太亮|希望是黑夜]
note: {date}，月亮，圆还是缺
note: 奶奶说{date}[月亮最圆|是大月亮]，[对不对|真的吗]
note: 约了人{date}赏月，[别是一弯细钩|不知圆不圆]
gives: phase = enum:新月,满月,上弦月,下弦月
reply: {date}的月相是{phase}。

tool earth: recent_earthquakes latest_quake dizhen_chaxun quake_list seismic_events
about: 查[某地|一个国家]最近的地震。
about: 地震速报
country = country ; country guojia region ; 国家
order: 查{country}最近的地震
order: 看看{country}[刚才是不是震了|晃得厉不厉害]
ask: {country}[又震了吗|刚刚几级|地底下最近安分吗]
ask: 新闻说{country}[房子都晃了|摇得很凶]，[有几级|多大]
note: 我女儿在{country}留学，说[半夜床在摇|吊灯乱晃]，[几级的|严重吗]
note: {country}，震级
note: 下周去{country}，[怕楼塌|听说那边老是摇]，最近[摇过没有|那边晃了没]
note: 朋友在{country}[从楼里跑出来了|躲在桌子底下]，[究竟多大|想知道强度]
gives: magnitude = number ; place = city
reply: {country}最近一次地震在{place}，{magnitude}级。

tool earth: mountain_height peak_elevation shan_gaodu summit_altitude how_high_mountain
about: 查山峰的海拔。
about: Elevation of a mountain.
mountain = enum:泰山,华山,黄山,珠穆朗玛峰,富士山,乞力马扎罗山,勃朗峰,峨眉山 ; mountain shanfeng peak ; 山
order: 查{mountain}的海拔
order: 看看{mountain}顶上[离海面几米|有多少米]
ask: {mountain}[有多高|爬到顶是几米|顶上会不会缺氧，几米高]
ask: 国庆去爬{mountain}，[顶上多少米|得往上走到几米]
note: 妈妈有高原反应，{mountain}[能不能上|几千米]
note: {mountain}，高度
note: {mountain}和我家后山比，[差了多少，它几米|高到哪儿去了]
note: 登{mountain}之前[想心里有数|先问问]，山尖离海面几米
gives: metres = integer:900-8800
reply: {mountain}海拔{metres}米。

tool countries: capital_of get_capital shoudu capital_city country_capital
about: 查国家的首都。
about: 各国首都
country = country ; country guojia nation ; 国家
order: 查{country}的首都
order: 告诉我{country}的[政府|总统府|皇宫]在哪座城
ask: {country}[首都是哪儿|的政府设在哪座城市]
ask: 大使馆一般在政府边上，{country}的[在哪座城|得去哪座城找]
note: 猜谜卡住了：{country}的[都城|京城]是
note: {country}，首都
note: 填表要写{country}的政府所在地，[我老弄混|不是最大的那座吧]
note: 答题节目刚问到{country}[议会|元首府]在哪座城，[我没抢到|没人会]
gives: capital = city
reply: {country}的首都是{capital}。

tool countries: country_population population_of renkou how_many_people inhabitants
about: 查国家的人口（万人）。
about: Number of inhabitants of a country.
country = country ; country guojia nation ; 国家
order: 查{country}的人口
order: 数数{country}[住着几万人|一共有几张嘴吃饭]
ask: {country}[有多少人|住了几千万人|人多不多，几千万]
ask: 要是{country}每人发一个口罩，[得准备几个|要几个才够]
note: 考虑去{country}开店，[先看看那边有几个顾客|那儿人多不多]
note: {country}，人口
note: 感觉{country}[到处是人|空荡荡的]，[总共住了几个人|到底有几千万]
note: 算人均收入，缺{country}的[总人数|国民总数]
gives: number = integer:30-9000
reply: {country}约有{number}万人。

tool countries: official_language language_of guanfang_yuyan spoken_in national_language
about: 查国家的官方语言。
about: 各国通用语言
country = country ; country guojia nation ; 国家
order: 查{country}的官方语言
order: 看看{country}人[平时讲什么话|开口说的是哪种话]
ask: {country}[人说什么话|的课本是用什么文字写的]
ask: 派驻{country}，[得学哪种话|当地人听得懂英文吗，他们自己讲什么]
note: 要给{country}的客户写信，[不知道用什么文字|用哪种文才不失礼]
note: {country}，语种
note: 老公外派{country}，我想提前[学几句当地话|报个班]，[该学哪种|报哪种]
note: 产品要卖到{country}，说明书该[译成什么|印成哪种文字]
gives: language = language
reply: {country}的官方语言是{language}。

tool provinces: province_of_city which_province suozai_shengfen city_to_province find_province
about: 查询城市所属省份。
about: Tells in which province a Chinese city lies.
city = city ; city chengshi name ; 城市
order: 查{city}属于哪个省
order: 弄清{city}[归哪儿管|在哪个省的地界]
ask: {city}[是哪个省的|归谁管|算山东的还是河北的]
ask: 寄包裹到{city}，[省那一栏填什么|前面写哪个省]
note: 同事说老家{city}，[我不好意思问在哪个省|我连哪省都不清楚]
note: {city}，哪省
note: 身份证上只写了{city}，[上一级是|省份栏空着]
note: 导航里{city}[有好几个|冒出两个]，我要知道它在[哪个省|啥省]
gives: province = enum:广东省,江苏省,四川省,湖北省,山东省
reply: {city}属于{province}。

tool history: on_this_day today_in_history lishi_jintian events_on_date day_in_history
about: 查历史上的某一天[发生过什么|的大事]。
about: 历史上的今天
date = date ; date riqi day ; 日期
order: 查历史上{date}的大事
order: 翻翻{date}这个日子[以前出过什么事|有什么来头]
ask: {date}[在从前发生过什么|有什么特别的来历|是什么纪念日子吗]
ask: 我生在{date}，[那天世上有什么大新闻|前人那天干过什么大事]
note: 班会要讲{date}的[典故|由来]，[我肚子里没货|找点过去的事]
note: {date}，往年大事
note: {date}开业，想[借个古人的彩头|扯点旧事做宣传]
note: 公众号{date}那篇缺个[旧闻|当年的事]当开头
gives: event = event ; year = integer:900-1990
reply: 历史上{date}：{year}年，{event}。

tool history: dynasty_of_year which_dynasty chaodai year_to_dynasty dynasty_lookup
about: 查公元某年是什么朝代。
about: Chinese dynasty ruling in a given year.
year = integer:1-1910 ; year nianfen gongyuan ; 公元年份
order: 查公元{year}年是什么朝代
order: 告诉我{year}年[龙椅上坐的是哪家|谁家坐天下]
ask: {year}年[中国是哪一朝|是谁家的天下|算唐还是宋]
ask: 要是穿越到{year}年，[会碰到哪家皇帝|我得给哪一朝磕头]
note: 墓碑上刻着{year}年，[是哪一朝的东西|这是谁的年代]
note: {year}年，朝代
note: 写小说，主角活在{year}年，[穿什么衣裳得看哪一朝|给我个国号]
note: 那只碗是{year}年烧的，[卖家说是宋的，对吗|算哪一朝的]
gives: dynasty = enum:汉,唐,宋,元,明,清
reply: 公元{year}年是{dynasty}代。

tool nature: animal_lifespan how_long_lives dongwu_shouming life_expectancy animal_age
about: 查动物的寿命（年）。
about: 动物平均寿命
animal = animal ; animal dongwu species ; 动物
order: 查{animal}的寿命
order: 告诉我{animal}一般[能陪人几年|几岁就老死]
ask: {animal}[能活几年|一辈子有多长|到几岁算老]
ask: 家里的{animal}[毛都白了|走不动了]，[还能陪我几年|一般几岁走]
note: 想养{animal}，[怕它走得太早|不想没几年就分别]
note: {animal}，几岁
note: 我爷爷那只{animal}[比我还大|快二十了]，[这算长寿吗|一般多少年]
note: 动物园那只老{animal}死了，[算不算早逝|一般能撑几年]
gives: years = integer:1-80
reply: {animal}一般能活{years}年。

tool nature: animal_diet what_it_eats shixing animal_food_habits feeding_habits
about: 查询动物的食性。
about: What an animal feeds on.
animal = animal ; animal dongwu species ; 动物
order: 查{animal}吃什么
order: 弄明白{animal}[是吃草还是吃肉|靠什么填肚子]
ask: 野生的{animal}[靠什么填肚子|捕什么猎物|是不是只啃草]
ask: {animal}[肚子饿了找什么|嘴里嚼的是什么|会不会咬别的动物]
note: 院子里来了只{animal}，[看着很饿|饿得直叫]，它们平常[嚼些什么|找什么下肚]
note: {animal}，食物
note: 纪录片里{animal}在[埋伏|刨土]，[等的是什么猎物|它想找什么填肚子]
note: 作文写{animal}，[得知道它一天三顿是什么|不清楚它啃什么]
gives: diet = food
reply: {animal}主要吃{diet}。

tool math: average_of mean_value pingjunshu compute_mean average_numbers
about: 求三个数的平均数。
about: 求均值
a = number ; a first x shu1 ; 第一个数
b = number ; b second y shu2 ; 第二个数
c = number ; c third z shu3 ; 第三个数
order: 求{a}、{b}、{c}的平均数
order: 把{a}、{b}和{c}[摊匀|拉平]，看[每份几个|一份多少]
ask: {a}、{b}、{c}[平均是多少|摊下来一份多少]
ask: 三次测验{a}、{b}、{c}，[总的水平算几分|我一般考几分]
note: 三天的温度是{a}、{b}、{c}，[大致是个什么水平|拉平了算多少]
note: 均值 {a} {b} {c}
note: 仨人分别出了{a}、{b}、{c}，[匀一匀每人该多少|想摊成一样的]
note: 秤了三回：{a}，{b}，{c}，[取个中间的水平|摊平看看]
gives: mean = number
reply: {a}、{b}、{c}的平均数是{mean}。

tool math: largest_of max_number zuidazhi find_maximum biggest_number
about: 找出三个数里最大的一个。
about: The greatest of three numbers.
a = number ; a first x shu1 ; 第一个数
b = number ; b second y shu2 ; 第二个数
c = number ; c third z shu3 ; 第三个数
order: 找出{a}、{b}、{c}里最大的
order: 从{a}、{b}、{c}中挑出[冠军|头名|拔尖的]
ask: {a}、{b}、{c}[哪个最大|谁最靠前|数谁拔尖]
ask: 三家报价{a}、{b}、{c}，[哪个最贵|谁要得最狠]
note: 跳远三次成绩{a}、{b}、{c}，[只记最好的|算哪一次]
note: 最大值 {a} {b} {c}
note: 拍卖有人喊{a}，有人喊{b}，还有人喊{c}，[东西归出得最多的|该归哪个价]
note: {a}、{b}、{c}，[排第一的|最高的]是
gives: largest = number
reply: 最大的是{largest}。

tool math: is_prime prime_test zhishu_panduan check_prime primality
about: 判断一个整数是不是质数。
about: 质数检测
n = integer:2-9999 ; n number zhengshu value ; 整数
order: 判断{n}是不是质数
order: 看看{n}[除了1和它自己还有没有别的能除尽|能不能被别的数除尽]
ask: {n}是[素数|质数]吗
ask: {n}[只能被1和自己整除吗|有没有别的数能除尽它]
note: 我试了2、3、5都除不尽{n}，[它是那种拆不开的数吗|是不是就拆不动了]
note: {n}，素数？
note: 老师说{n}[拆不成两个数相乘|是个硬骨头]，[对不对|真的假的]
note: {n}[合数还是素数|是素的吗]
gives: answer = enum:是质数,不是质数
reply: {n}{answer}。

tool math: factorize prime_factors fenjie_yinshu factor_number decompose
about: 把整数分解成质因数。
about: Prime factors of a whole number.
n = integer:12-9999 ; n number zhengshu value ; 整数
order: 把{n}[分解质因数|拆成几个数相乘]
order: 将{n}[拆到不能再拆|拆成最小的乘数]
ask: {n}[是由哪些数乘出来的|能拆成谁乘谁|的质因数有哪些]
note: 约分要用，{n}[由哪几个数乘成|怎么拆]
note: 分解：{n}
note: {n}颗糖想[摆成整整齐齐的方阵|分成一样多的几堆]，[有哪些数能乘成它|谁乘谁]
note: {n}等于几乘几乘几，[要拆干净|一直拆到底]
note: 奥数题，{n}要写成[一串乘号|连乘的样子]
gives: factors = expression
reply: {n} = {factors}。

tool lots: draw_lots pick_winner chouqian random_pick choose_one
about: 从名单里[随机|]抽一个人。
about: Picks one name at random.
names = list:person ; names mingdan people candidates ; 名单
order: 从{names}里[随机抽|任意挑]一个
order: 让{names}[听天由命|抓个阄]，[出一个人|选一个]
ask: {names}，[谁去洗碗|今天谁请客]，[你随便点一个好吗|能让老天定吗]
ask: {names}[谁运气好|当中谁中奖]
note: 就{names}几个，[没人肯去倒垃圾|都抢着坐前排]，[靠运气定|你点一个]
note: 抽签：{names}
note: 年会大奖只有一份，[在场的是|候选的有]{names}
note: {names}，[点到谁算谁|闭着眼睛指一个]
gives: winner = person
reply: 抽中的是{winner}。

tool lots: split_groups make_teams fenzu random_teams divide_people
about: 把一群人分成几组。
about: 随机分组
names = list:person ; names mingdan people members ; 名单
count = integer:2-6 ; groups zushu teams count ; 组数
order: 把{names}分成{count}组
order: 将{names}[打散|拆开]，[凑|编]成{count}队
ask: {names}[要打比赛|玩游戏]，[怎么凑成{count}拨才公平|分{count}拨怎么站]
note: 上课做实验，{names}，{count}[张桌子各坐谁|拨人，谁跟谁]
note: 分组 {names}，{count}组
note: 打球要{count}队，来的人有{names}，[谁跟谁一边|怎么站队]
note: {count}辆车，乘客是{names}，[谁坐哪辆|你来编排]
note: {names}，[拆成|划成]{count}拨，[免得吵架|别总是老搭档]
gives: first = person ; second = person
reply: 已分成{count}组，{first}和{second}在第一组。

tool colours: color_to_hex hex_code yanse_daima color_value css_color
about: 返回颜色的十六进制代码。
about: 颜色代码查询
color = color ; color yanse name ; 颜色名
order: 查{color}的十六进制代码
order: 给我{color}在[网页|样式表]里[该写的那串|井号后面那几位]
ask: {color}[井号后面写什么|在CSS里怎么写|的代码是多少]
ask: 设计师说按钮用{color}，[我代码里填什么|样式表写哪几位]
note: 前端：背景要{color}，[缺那六位|差一串]
note: {color} hex
note: 想让标题变成{color}，[可程序只认井号加六位|只收六位的那种写法]
note: PPT里自定义{color}，[框里要输六位字符|得敲一串数字字母]
gives: code = id
reply: {color}的代码是#{code}。

tool texts: reverse_text flip_string fanzhuan_wenzi backwards mirror_text
about: 把文字倒过来[写|]。
about: 文字反转
text = text ; text wenzi input string ; 文字
order: 把{text}倒过来写
order: 从最后一个字往前念这句：{text}
ask: {text}[倒着念是什么|要是从尾巴读到头会是什么样]
note: 做密码游戏，把这句[首尾颠倒|翻个个儿]：{text}
note: 反转：{text}
note: 孩子玩[照镜子写字|反话游戏]，轮到{text}
note: {text}，[最后一个字打头|头尾对调，逐字往回]
note: 看看是不是回文，先[从后往前排|逐字往回排]：{text}
gives: output = text
reply: 倒过来是：{output}

tool texts: to_traditional simplified_to_traditional jian_zhuan_fan traditional_chinese zhuan_fanti
about: 把简体字转成繁体字。
about: Converts simplified into traditional characters.
text = text ; text wenzi input ; 简体文字
order: 把{text}转成繁体
order: 将{text}换成[香港人|台湾人|港台读者]习惯的[字|字形]
ask: {text}[用繁体怎么写|在台湾的招牌上会是什么字]
note: 给台北的客户印名片，上面写{text}，[字要他们那边的写法|别用我们这边的字形]
note: 繁体：{text}
note: 奶奶在香港，只认[笔画多的那种|老字]，这句是{text}
note: 写[书法|对联]要用老字形：{text}
note: {text}，[转繁|换成笔画多的老字]
gives: output = text
reply: 繁体写法：{output}

tool texts: extract_emails find_addresses tiqu_youxiang collect_emails emails_in_file
about: 从文件里提取所有邮箱地址。
about: Collects every email address found in a file.
path = file ; path wenjian source file ; 文件
order: 提取{path}里的邮箱
order: 把{path}里带@的[全挑出来|都摘出来|列成单子]
ask: {path}里[留了哪些人的邮箱|有几个带@的]
note: {path}里[密密麻麻几百行|又是字又是号]，[我只要带@的那些|把能写信的地址挑出来]
note: {path}，@
note: 报名表{path}，要群发通知，[一个个抄太累|得先有收信地址]
note: 客户给了份{path}，[只想知道能给谁写信|把里面能写信的都摘下来]
note: 群发名单藏在{path}里，[扒出来|捞出来]
gives: count = integer:1-90 ; first = email
reply: {path}里有{count}个邮箱，第一个是{first}。

tool codes: file_hash checksum wenjian_jiaoyan sha256_file md5_of
about: 计算文件的[哈希|校验]值。
about: 文件校验和
path = file ; path wenjian file ; 文件
order: 算{path}的哈希
order: 给{path}[留个指纹|打个指纹]，[以后好比对|证明没被动过]
ask: {path}的[MD5是多少|SHA是什么|指纹是多少]
ask: 怎么知道{path}[下载全了没有|没被人掉包]，[官网给了一串可以比|给个指纹比一比]
note: {path}从镜像站下的，[怕被人动过手脚|想跟官网那串比一比]
note: sha256 {path}
note: 两边的{path}[看着一样|大小相同]，[先出这边的指纹|比指纹才放心]
note: 交证据，{path}要[附上指纹|证明原样未改]
gives: hash = id
reply: {path}的校验值是{hash}。

tool codes: make_qr create_qr_code shengcheng_erweima qr_generator url_to_qr
about: 把网址做成二维码图片。
about: 二维码生成器
url = url ; url wangzhi link content ; 网址
order: 用{url}生成二维码
order: 把{url}做成[能扫的方块|手机一扫就开的图]
ask: 怎么让客人[拿手机一扫|对着桌子一拍]就进{url}
note: 桌上要贴个小方块，[扫了就到|一扫就打开]{url}
note: 二维码 {url}
note: 海报右下角留了块空，[让人扫进|路人拍一下就去]{url}
note: {url}太长没人肯敲，[做成图给他们扫|弄成黑白格子]
note: 婚礼请柬上想印个[黑白方格|能扫的图]，指向{url}
gives: image = file
reply: 二维码已存为{image}，指向{url}。

tool codes: read_qr scan_qr_code shibie_erweima decode_qr qr_reader
about: 识别图片里的二维码内容。
about: Reads the QR code in a picture.
path = file ; path tupian image photo ; 图片
order: 识别{path}里的二维码
order: 看看{path}上那个[小方块|黑白格子][藏的是什么|指向哪儿]
ask: {path}里的码[扫出来是什么|会跳到哪儿去]
ask: {path}上的黑白格子[安全吗，点开是哪儿|写的什么]
note: 手机在充电，没法扫，码在{path}[里|上]
note: 扫码：{path}
note: 有人发来{path}让我扫，[怕是钓鱼的|先看看会跳去哪]
note: 停车场小票拍成了{path}，[那个方格里写的啥|角上的格子要读出来]
gives: content = url
reply: {path}里的二维码内容是{content}。

tool pictures: resize_image scale_picture tupian_suofang change_width shrink_photo
about: 把图片缩放到指定宽度（像素）。
about: 改图片大小
path = file ; path tupian image ; 图片
width = integer:40-4000 ; width kuandu pixels ; 目标宽度
order: 把{path}缩到{width}像素宽
order: 将{path}的[横边|宽]改成{width}
ask: {path}[传不上去，网站只让|太大了，能不能弄成][宽|横向]{width}
note: 报名系统[嫌照片太大|只收小图]，{path}，横着{width}就行
note: {path} 宽{width}px
note: 网页上放{path}[把版面撑破了|太占地方]，{width}像素正好
note: {path}做头像，[横边只能|系统限制宽]{width}
note: 屏幕横{width}个点，壁纸{path}[不合身|塞不下]，[改改尺寸|调成一样]
gives: output = file
reply: 宽{width}的图片已存为{output}。

tool pictures: remove_background cut_out koutu transparent_background background_eraser
about: 去掉图片的背景，只留主体。
about: 抠图
path = file ; path tupian image photo ; 图片
order: 给{path}抠图
order: 把{path}里[人后面的东西|身后那些杂物]去掉
order: 让{path}[只剩人|底子变透明]
ask: {path}[后面乱糟糟的能不能去掉|能不能只留下那个人]
note: 上架要白底图，{path}[后面全是杂物|是在厨房拍的]
note: 抠 {path}
note: 证件照要换蓝底，{path}[身后是窗帘|后面有棵树]，先[把它弄没|去干净]
note: {path}里的猫想单独[贴到别的画上|做成表情]
gives: output = file
reply: 已去掉背景：{output}。

tool audio: transcribe_audio speech_to_text luyin_zhuan_wenzi transcription dictate_file
about: 把录音转成文字。
about: 语音识别
path = file ; path luyin audio recording ; 录音文件
language? = language ; language yuyan spoken ; 录音语言 ; [，里面讲的是{}|，说{}的|，语言是{}]
order: 把{path}转成文字
order: [听一遍|听完]{path}，[逐句写下来|一字不差地写出来]
ask: {path}里[他们都说了些什么，能写下来吗|说的话能变成稿子吗]
note: 采访录了俩小时，{path}，[一句句敲要敲死人|要整理成稿子]
note: 听写 {path}
note: 我耳朵不好，{path}[听不清|听着费劲]，[写成字给我看|想看成字]
note: 会上的话都在{path}里，[要出纪要|得整理出稿]
note: 教授讲得太快，{path}，[想看着字复习|要做成讲义]
gives: text = text
reply: 录音内容：{text}

tool audio: text_to_speech read_aloud wenzi_zhuan_yuyin speak synthesize_voice
about: 把文字读成语音。
about: Speaks a text aloud and saves the sound.
text = text ; text wenzi content ; 要读的文字
order: 朗读{text}
order: 把这句[念出来|用嘴说出来|配成音]：{text}
ask: {text}，[能念给我听吗|可以出个声音版吗]
note: 我爸看不清字，[念给他听|用声音告诉他]：{text}
note: 配音：{text}
note: 商场广播要循环放这么一句：{text}
note: 开着车[没法看屏幕|腾不出眼睛]，[出声说|念]：{text}
note: 短视频缺旁白，词是{text}
gives: output = file
reply: 语音已存为{output}。

tool video: cut_video trim_clip jianji_shipin clip_segment video_cutter
about: 截取视频里的一段（从第几秒到第几秒）。
about: Cuts a piece out of a video, given in seconds.
path = file ; path shipin video ; 视频
start = integer:1-200 ; start kaishi from_second ; 开始秒
end = integer:201-900 ; end jieshu to_second ; 结束秒
order: 把{path}第{start}秒到第{end}秒[截出来|剪下来]
order: 只留{path}的{start}到{end}秒
ask: {path}[太长了，能不能只要|里精彩的只有][第|]{start}到{end}秒
note: 儿子上台那段在{path}的{start}秒到{end}秒，[别的不要|其余都扔掉]
note: {path}，{start}–{end}秒
note: 朋友圈传不了长片，{path}里我要{start}秒起、{end}秒止
note: 进球在{path}，从{start}秒[开始|算起]，{end}秒[收|为止]
note: 片头片尾都不要，{path}，{start}到{end}秒
gives: output = file
reply: 已截取{path}的{start}到{end}秒，存为{output}。

tool video: add_subtitles caption_video jia_zimu subtitle_maker auto_captions
about: 给视频加字幕。
about: 自动字幕
path = file ; path shipin video ; 视频
language? = language ; language yuyan captions ; 字幕语言 ; [，用{}|，要{}的]
order: 给{path}加字幕
order: 在{path}下面[打上字|把台词显出来]
ask: {path}[能不能边放边有字|没声音的地方看不懂，能打上台词吗]
note: 地铁上大家静音刷，{path}[得有字|要让人看懂说啥]
note: {path}，[上字|配字]
note: 观众里有[听障朋友|聋人]，{path}[底下要有台词|光有声音不行]
note: {path}里那人口音太重，[底下打出来说了啥|不看字听不懂]
note: 网课{path}，学生说[听不清老师|声音小]，[底部显示每句话|让话出现在画面上]
gives: output = file
reply: 带字幕的视频：{output}。

tool law: find_law law_search falv_chaxun statute_lookup legal_article
about: 查跟某个主题有关的法律条文。
about: Finds the article of law on a subject.
topic = topic ; topic zhuti subject ; 主题
order: 查{topic}方面的法律条文
order: 找找{topic}这块[国家是怎么规定的|犯规会怎样]
ask: 搞{topic}[犯法吗|要守什么规矩|国家有哪条管]
ask: {topic}的事[打官司依据哪一条|哪一条管着]
note: 想做{topic}的生意，[怕踩红线|别哪天进去了]，[先看国家怎么规定|哪条管着]
note: {topic}，法条
note: 邻居因为{topic}[把我告了|要跟我对簿公堂]，[依据是哪条|我占不占理]
note: 律师让我先看看{topic}[归哪一条管|的明文规定]
gives: article = integer:1-300 ; law = title
reply: {topic}见{law}第{article}条。

tool traffic: check_fines traffic_violations weizhang_chaxun unpaid_tickets driving_penalties
about: 查车辆的交通违章。
about: 违章查询
plate = id ; plate chepai licence ; 车牌号
order: 查{plate}的违章
order: 看看{plate}[有没有被拍|扣了几分|有没有吃罚单]
ask: {plate}[是不是又被拍了|有没有没交的罚单|扣分没有]
note: 昨天好像[闯了黄灯|压了实线]，车是{plate}，[有没有中招|被拍到没]
note: {plate}，罚单
note: 买二手车，{plate}，[别有一堆没处理的罚款|先看看干不干净]
note: 借给朋友开了一周，{plate}，[他有没有给我惹祸|看他超速没有]
note: 要年审了，{plate}[得先把分和款都清了|还欠着什么]
gives: count = integer:1-9 ; sum = integer:50-2000
reply: {plate}有{count}条违章，罚款{sum}元。

tool traffic: traffic_jam road_conditions lukuang congestion_level is_road_busy
about: 查某地[附近|]堵不堵车。
about: Current traffic around a place.
place = place ; place didian road ; 地点
order: 查{place}附近的路况
order: 看看{place}那一带[车多不多|走得动吗]
ask: {place}[堵不堵|那儿是不是又动不了|车流大吗]
ask: 现在往{place}开，[会不会卡在半路|是不是一片红]
note: 赶时间去{place}，[不知开车还是坐地铁|怕陷在车流里]
note: {place}，路况
note: 前面全是红尾灯，[是不是{place}出事了|听说{place}出了车祸]，{place}那边[啥情况|动了没]
note: 接孩子经过{place}，[要不要绕道|得提前多久出门]
gives: level = enum:畅通,缓行,严重拥堵
reply: {place}附近目前{level}。

tool farming: crop_price market_price_produce nongchanpin_jiage produce_price farm_gate_price
about: 查农产品今天的收购价（元每千克）。
about: Today's wholesale price of farm produce.
crop = food ; crop nongchanpin produce ; 农产品
order: 查{crop}的收购价
order: 打听今天贩子[收|拉]{crop}[给几块钱一公斤|出多少]
ask: {crop}[现在收购什么价|这几天能卖几块一公斤|跌了没]
ask: 地里的{crop}[这时候出手划算吗，几块一公斤|卖给贩子能得几块]
note: 地里[一大片|几千斤]{crop}等着出手，[不知道行情|怕被贩子坑]
note: {crop}，[批发价|行情]
note: 隔壁村的{crop}都拉走了，[我要不要再等等|今天几块一公斤]
note: 老乡想知道{crop}[镇上给什么价|收多少钱一公斤]
gives: price = price
reply: {crop}今天的收购价是每公斤{price}元。

tool energy: report_outage power_cut tingdian_baoxiu no_electricity outage_report
about: 报告停电，请人抢修。
about: 停电报修
address = street ; address dizhi where ; 停电地址
order: 报修停电，地址{address}
order: 通知供电局{address}[全黑了|没电了]
ask: {address}[一片漆黑，什么时候有人来弄|整栋楼都黑了，能派师傅来吗]
note: {address}，[灯全灭了|冰箱也不响了]，[不是跳闸|邻居家也一样]
note: {address}没电
note: 打雷之后{address}[整条街都黑了|一盏灯都不亮]
note: 老人靠呼吸机，{address}[突然没电|插座全不通]，[快派人|来人抢修]
note: 变压器[冒火花|响了一声]，{address}跟着[黑了|断了]
gives: hours = integer:1-9
reply: {address}的停电已上报，预计{hours}小时恢复。

tool ports: ship_position vessel_tracker chuanbo_weizhi where_is_ship track_vessel
about: 查船只现在的位置。
about: Present position of a ship.
ship = title ; ship chuanming vessel ; 船名
order: 查船{ship}的位置
order: 看看{ship}号[开到哪片海了|漂到哪儿了|靠岸没有]
ask: {ship}号[到哪儿了|进港没有|还在海上吗]
ask: 货装在{ship}号上，[几时能靠岸，现在在哪片水域|这会儿开到哪了]
note: 我爱人在{ship}号上当水手，[半个月没信号|联系不上]，[人在哪片海|现在漂到哪了]
note: {ship}号，方位
note: 台风要来，{ship}号[避进港了没有|还在外海吗]
note: 集装箱跟着{ship}号走的，[买家天天问到哪了|想知道离港口还远不远]
gives: port = city
reply: {ship}号现在在{port}附近。

tool emergency: call_ambulance request_ambulance jiao_jiuhuche medical_emergency send_ambulance
about: 叫救护车到某个地址。
about: Sends an ambulance to an address.
address = street ; address dizhi where ; 地址
order: 叫救护车到{address}
order: 让[大夫|急救的人]马上来{address}
ask: {address}[有人晕倒了怎么办|老人摔了动不了，能来人吗]
note: {address}，[我爸胸口疼得喘不上气|孕妇要生了]，[快|来人]
note: 120，{address}
note: 有人从楼梯上滚下来，[满头是血|叫不醒]，就在{address}
note: {address}这儿一个孩子[噎住了|抽搐]，脸都紫了
note: [呼吸很弱|心跳快没了]，地点{address}，[求你们快点|等不起]
gives: minutes = integer:3-20
reply: 救护车{minutes}分钟后到{address}。

tool emergency: report_fire fire_alarm huojing call_firefighters send_fire_engine
about: 报火警，让消防车来。
about: Calls the fire brigade to an address.
address = street ; address dizhi where ; 着火地址
order: 报火警，{address}
order: 叫[灭火的|水车]赶到{address}
ask: {address}[窗户里往外冒黑烟，快来人好吗|烧起来了怎么办]
note: {address}[厨房油锅烧着了|阳台窜出火苗]，[扑不灭|水也泼不灭]
note: 119，{address}
note: 对面楼{address}[浓烟滚滚|一股焦糊味]，[有人困在里面|还有人在喊]
note: 电瓶在楼道[炸了|烧起来了]，{address}，[下不去楼|全是烟]
note: 草堆着了，[风又大|眼看要连到屋子]，在{address}
gives: minutes = integer:3-20
reply: 消防车{minutes}分钟后到{address}。

tool emergency: nearest_hospital find_hospital zuijin_yiyuan hospital_nearby closest_clinic
about: 找[某地附近|]最近的医院。
about: 附近医院查询
place = place ; place didian near ; 所在地点
order: 找离{place}最近的医院
order: 看看{place}边上[哪儿有大夫|哪里能挂急诊]
ask: {place}附近[去哪儿看病|哪家急诊开着]
ask: 我们在{place}，[孩子发烧|脚崴了]，[往哪家送|走几步能找到大夫]
note: 人在{place}，[肚子疼得直不起腰|手被划了一道]，[自己能走，该去哪家|去哪儿缝针]
note: {place}，急诊
note: 旅游到{place}，[老人忽然不舒服|有人中暑]，[自己开车送，往哪家|哪家近]
note: 住{place}，[孕晚期|家有老人]，[先打听好生病去哪儿|万一有事该往哪家跑]
gives: hospital = title ; metres = integer:100-5000
reply: 离{place}最近的是{hospital}，{metres}米。
"""
