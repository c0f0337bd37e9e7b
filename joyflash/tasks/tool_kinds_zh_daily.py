"""Chinese real tools around eating, shopping, the household and travel, asked for the way people really write."""

from __future__ import annotations

DAILY_TOOLS_ZH = """
tool food: cooking_time get_cooking_minutes zhu_duojiu boil_time pengren_shijian
about: [返回|查询]一种食材需要[烹饪|煮|蒸]多少分钟。
about: How many minutes an ingredient has to cook.
food = food ; food ingredient shicai item ; [食材|要煮的东西]
method? = enum:蒸,煮,烤,炖,煎 ; method fangshi way ; 做法 ; ，[打算|准备|用]{}的
order: [看看|查查]{food}[下锅以后|放进锅里]要[等|待]多久才[能吃|算熟]
order: [告诉我|说一下]{food}[烧|煮]几分钟[最合适|刚刚好|不会老]
ask: {food}[几分钟能熟|多长时间可以关火|要在火上放多久]
ask: 水[开了|滚了]以后{food}[还得|还要|需要]多久才[软|熟|能捞出来]
note: 锅里[正滚着|刚放下去]{food}，[不知道什么时候关火|什么时候能捞]
note: 上回{food}[夹生|没熟|煮烂了]，[今天想掐准时间|这次要盯着表]
note: [家里来客人|晚上六点开饭]，{food}得[提前多少分钟上灶|什么时候开始弄才来得及]
note: {food} [煮多久|几分钟熟]
gives: minutes = integer:2-120
reply: {food}大约需要{minutes}分钟。

tool food: food_shelf_life storage_days baozhiqi keep_fresh how_long_keeps
about: [返回|查询]食物在冰箱里能[保存|存放]几天。
about: 食品[保鲜|储存]期限
food = food ; food item shiwu product ; 食物
opened? = flag ; opened kaifeng is_open ; 是否已开封 ; ，[已经拆开了|包装打开过] // ，[还没拆封|没开过]
order: [查查|看一下]{food}[搁冰箱里|冷藏着][几天会坏|多久不能吃]
order: [告诉我|说说]{food}能放[多少天|多久]
ask: {food}[买回来|剩下的]放[三天|一个星期]还[能吃吗|行不行|安全吗]
ask: {food}[过多久会变质|最多留到哪一天]
note: {food}[上周买的|放了好几天了]，[闻着有点怪|不敢吃]，[是不是该扔|还有救吗]
note: [出差一趟回来|整理冰箱]发现{food}，[到底还吃不吃得|要不要倒掉]
note: [一次买多了|超市打折囤了]{food}，[怕吃不完馊掉|几天内得吃光]
note: {food}保存天数
gives: days = integer:1-60
reply: {food}一般可以放{days}天。

tool food: ingredient_substitute find_substitute tidai_shicai swap_ingredient daiti
about: [给出|推荐]某种食材的替代品。
about: Suggests what can be used in place of an ingredient.
ingredient = food ; ingredient shicai missing item ; 缺少的食材
order: [找|推荐]一样能[代替|顶替]{ingredient}的[东西|材料]
order: [想想|看看]没有{ingredient}的话[用什么顶上|放什么也行]
ask: {ingredient}[可以换成什么|拿什么代替好|不放的话加点啥]
ask: 有什么跟{ingredient}[味道差不多|口感接近]，能[混过去|凑合用]
note: [菜做到一半|面都和好了]才发现{ingredient}[用完了|没了]，[怎么补救|还能放点别的吗]
note: [孩子|我婆婆]对{ingredient}过敏，[这道菜里该换点什么|得改用别的]
note: 楼下超市{ingredient}[断货|卖光了]，[买点什么回来也成|退而求其次买啥]
note: {ingredient}的平替
gives: substitute = food
reply: 可以用{substitute}代替{ingredient}。

tool food: restaurant_hours opening_hours yingye_shijian shop_open_time jidian_kaimen
about: [查询|返回]餐厅的营业时间。
about: 餐馆几点[开门|打烊]
restaurant = restaurant ; restaurant canting name shop ; 餐厅名
day? = enum:周一,周二,周三,周四,周五,周六,周日 ; day weekday xingqi ; 星期几 ; ，[打算|想]{}去
order: [查一下|看看]{restaurant}[几点打烊|开到几点|什么时候开门]
order: [确认|核实]{restaurant}[过年|晚上|这会儿]还[开不开|营不营业]
ask: {restaurant}[今天开门吗|晚上九点以后还接客吗|中午休不休息]
ask: 现在赶到{restaurant}[会不会已经关了|还来得及吃吗]
note: [加班到很晚|下了夜班]想去{restaurant}，[怕扑空|不知道人家收工没有]
note: 想在{restaurant}吃[早饭|宵夜]，[它几点才有人|最晚几点能进店]
note: [上次大老远跑去|前天白跑一趟]{restaurant}[门锁着|吃了闭门羹]，[这回先问清钟点|先打听好]
note: {restaurant}营业到几点
gives: opens = enum:9:00,10:30,11:00 ; closes = enum:20:30,21:30,22:00,23:00
reply: {restaurant}{opens}开门，{closes}打烊。

tool food: take_queue_number quhao join_queue get_waiting_number paidui_quhao
about: 在餐厅[取号|领取排队号码]，人到现场等位时用。
about: Takes a waiting number at a restaurant for a party that is there now.
restaurant = restaurant ; restaurant canting shop where ; 餐厅
people = integer:1-12 ; people renshu party_size guests ; 几个人
order: 在{restaurant}[排个号|先排上队|领个号]，{people}[位|个人]
order: 给我们{people}个人[排上|占个]{restaurant}的队
ask: 能不能先在{restaurant}[排上|取个号]，我们{people}[个人|位]
note: 已经到{restaurant}门口了，[人山人海|好多人坐着等]，我们一共{people}[位|个]
note: {people}[口人|个人]站在{restaurant}外面，[先把号拿了|让我们排着]
note: {restaurant}，{people}位，[现场等位|拿号]
note: 还有十分钟到{restaurant}，[听说要等很久|怕要等]，{people}个人先[占上|排着]
note: 今天没提前订，{restaurant}门口[一堆人|全是人]，给{people}位[弄个号|排进去]
gives: number = id
reply: {restaurant}{people}人的号码是{number}。

tool food: queue_progress queue_status paidui_jindu tables_ahead jiaohao
about: [查询|查看]餐厅排队号前面还有几桌。
about: 叫号进度
number = id ; number haoma ticket queue_no ; 排队号码
order: [看看|问问]{number}前面还[剩几桌|有多少人]
order: [查|盯]一下{number}[什么时候轮到|还要等多久]
ask: {number}[过号了吗|快到了没|叫到了吗]
ask: 我拿的{number}，[前头还有几家|还得坐多久]
note: 手里是{number}，[想先去逛逛商场|去趟洗手间]，[不知道来不来得及|会不会错过]
note: {number}[都等一小时了|坐得腿都麻了]，[怎么还没喊我|到底到哪儿了]
note: 我是{number}号的客人，[现在到几了|还差几个]
note: 号码{number}，进度
gives: tables = integer:1-40
reply: {number}前面还有{tables}桌。

tool food: cancel_table tuiding_canwei cancel_reservation drop_booking quxiao_canzhuo
about: 取消餐厅的[订座|预订]。
about: Cancels a table reservation.
restaurant = restaurant ; restaurant canting where name ; 餐厅
date? = date ; date riqi day ; 哪天的预订 ; ，是{}那[次|顿]
order: [退掉|取消]{restaurant}的[桌子|位子|包间]
order: 跟{restaurant}说[我们不来了|不用给我们留位了]
ask: {restaurant}那[桌|顿饭]能[退吗|不要了吗]
note: {restaurant}[去不成了|去不了了]，[孩子发烧|临时加班|大家时间凑不齐]
note: [计划有变|客户改期了]，{restaurant}[那边的位置让给别人吧|不用留了]
note: 之前在{restaurant}留的位子[作废|不要了]
note: 今晚[改在家里吃|另有安排]，{restaurant}[那边回掉|就算了]
note: {restaurant}退订
gives: status = enum:已取消,已退订,处理中
reply: {restaurant}的预订：{status}。

tool groceries: shopping_list_add add_groceries maicai_qingdan grocery_list add_to_buy
about: 往[购物清单|买菜单子]上添一样东西。
about: Adds an item to the grocery list.
item = food ; item food dongxi goods ; 要买的东西
amount? = integer:1-12 ; amount shuliang count ; 数量 ; ，[要|来]{}份
order: 在买菜[单子|清单]上[写上|添上|补一项]{item}
order: 在超市单子里[记一笔|加上|列上]{item}
ask: 超市清单上[能加个|再添上]{item}吗
note: {item}[快见底了|只剩一点点了]，[下回逛超市别落下|周末得补上]
note: [明早没有|冰箱里找不到]{item}了，[去菜场的时候捎上|买菜时想着]
note: 老婆[说|交代]要{item}，[写到单子里|别忘在单子上写]
note: 还缺{item}，[去采购时用得上|列进去]
note: 清单+{item}
gives: total = integer:1-30
reply: {item}已写上，清单里共有{total}样。

tool groceries: pantry_stock check_pantry kucun_shicai home_stock jiali_haiyou
about: 查家里[食材|存货]还剩多少。
about: 家庭食品库存
food = food ; food item shicai what ; 食材
order: [看看|数数]家里{food}还[剩多少|有几份]
order: [翻翻|查查]冰箱[里|]还有没有{food}
ask: {food}[吃完了没有|还够不够吃|家里还有吗]
ask: 咱家的{food}[剩几个|还能撑几天]
note: 我在超市，[想不起来|忘了看]{food}[用光没有|要不要买]
note: 站在货架前犹豫，{food}[是不是上周囤过|家里好像还有]
note: 今晚想用{food}，[不知道柜子里够不够|要不要先去买]
note: {food}库存
gives: left = integer:1-20
reply: 家里的{food}还剩{left}份。

tool orders: request_refund refund_order shenqing_tuikuan money_back tuikuan
about: 为[已收到货的|]订单申请退款。
about: Asks the shop to return the money for an order.
order_id = id ; order_id dingdan number order ; 订单号
reason? = enum:质量问题,发错货,不喜欢,破损 ; reason yuanyin why ; 原因 ; ，[原因是|因为]{}
order: 给{order_id}[申请退款|办一下退钱]
order: 把{order_id}的钱[要回来|退到我卡里]
ask: {order_id}[的钱能退吗|怎么把款要回来]
note: {order_id}[收到是坏的|打开一看碎了]，[把钱还我|钱得还回来]
note: 东西[拿到手|试穿]完全不对劲，单号{order_id}，[我要回我的钱|款项原路返还]
note: {order_id}这单[跟图片差太远|假货]，[不想留了，要钱|货退给你们，钱还我]
note: [店家答应|客服说可以]把{order_id}的[货款|钱]打回来，[走一下流程|帮我提上去]
note: 退款 {order_id}
gives: refund_id = id
reply: {order_id}的退款申请号是{refund_id}。

tool orders: change_delivery_address update_address gai_dizhi redirect_order xiugai_shouhuo
about: 修改订单的收货地址。
about: 改[送货|收件]地址
order_id = id ; order_id dingdan number danhao ; 订单号
address = street ; address xin_dizhi to destination ; 新地址
order: 把{order_id}[改送到|改寄到|换成送]{address}
order: 让{order_id}[别送老地方了，送|改投]{address}
ask: {order_id}能[改寄|换送]到{address}吗
note: [搬家了|下单时填错了]，{order_id}[应该送|请送]到{address}
note: {order_id}发到{address}去，[家里没人收|原来那里我不住了]
note: 我这周住{address}，{order_id}[别往家里投|往这儿送]
note: 单子{order_id}的收件人在{address}，[之前那个写错了|不是原来那里]
note: {order_id} → {address}，[换地方|改一下]
gives: status = enum:已修改,已更新,待确认
reply: {order_id}的地址改为{address}（{status}）。

tool orders: confirm_receipt queren_shouhuo mark_received order_received shouhuo
about: 对订单点[确认收货|已收货]，货款就会付给卖家。
about: Confirms that an order has arrived so that the seller gets paid.
order_id = id ; order_id dingdan number bianhao ; 订单号
order: 对{order_id}[点一下收货|确认签收]
order: 把{order_id}标成[已经拿到|收到了]
note: {order_id}[拿到了|已到手]，[东西没毛病|挺满意]，[可以把钱给店家了|这单可以结了]
note: 卖家一直催我，{order_id}[其实早到了|货我验过了]，[点掉吧|给他结掉]
note: {order_id}[完好无损|一样不少]，[收货|签了]
note: 昨晚在门口[取到|搬回来]{order_id}，[没问题，放款|可以付给商家了]
ask: {order_id}东西到了，[能点收货了吗|可以付给商家了吗]
note: {order_id}已收
gives: status = enum:已完成,交易成功,已确认
reply: {order_id}：{status}。

tool orders: schedule_pickup ji_kuaidi send_parcel courier_pickup shangmen_qujian
about: 预约快递员上门取件（寄东西）。
about: [寄快递|寄件]预约
address = street ; address qujian_dizhi from where ; 取件地址
time = time ; time shijian when at ; 什么时候来取
order: 叫快递员{time}[到|来]{address}[拿包裹|收件]
order: 约{time}[上门|派人]去{address}[取个箱子|收一个包裹]
ask: {time}能[来|派人到]{address}[收个件|拿东西]吗
note: 要给老家寄[一箱橘子|点特产]，{time}[以后|左右]{address}有人在
note: {address}，{time}，[寄件|有个盒子要寄走]
note: 我{time}才回{address}，[那时候来个人把箱子拉走|有个大包要发走]
note: 有份合同要寄出去，[人在|就在]{address}，{time}[方便|有空]
note: 想寄点衣服给妹妹，{address}这边，{time}[过来取|来人]
gives: courier = person ; code = id
reply: 快递员{courier}{time}到{address}取件，取件码{code}。

tool shop: list_coupons my_coupons youhuiquan available_discounts chakan_quan
about: [查看|列出]某家店可用的优惠券。
about: Lists the vouchers that can be used at a store.
store = restaurant ; store dianpu shop merchant ; 店名
order: [看看|翻翻]{store}[有没有券|有什么优惠]
order: [找找|搜罗]能在{store}用的[折扣|满减]
ask: 去{store}[能便宜多少|有活动吗|可以打折吗]
ask: 我[账户里|卡包里]有{store}的[券|红包]吗
note: 马上要在{store}结账，[有能省钱的吗|不想付全价]
note: 听说{store}在搞[促销|活动]，[我能用上什么|我够不够格]
note: 请客定在{store}，[这个月手头紧|想少花点]
note: {store} 优惠
gives: count = integer:1-9 ; best = price
reply: {store}有{count}张券，最多减{best}元。

tool shop: redeem_coupon use_voucher duihuan_quan apply_code duihuanma
about: [兑换|使用]一个[优惠码|兑换码]。
about: 输入券码领取优惠
code = id ; code quanma voucher duihuanma ; 券码
order: [用掉|兑换]这个码{code}
order: 把{code}[充进|存进|绑到]我的账户
ask: {code}[怎么兑|还能兑吗]
note: 朋友送了我一张卡，[背面写着|刮开是]{code}，[充进去|帮我激活]
note: [短信里|抽奖]得了一串{code}，[据说能抵钱|据说能省十块]，[用上|兑了]
note: 结账[差点忘了|之前]，我有{code}，[扣上|抵一下]
note: {code}，[快过期了|今天最后一天]，[赶紧兑了|别浪费]
note: 兑换：{code}
gives: value = price
reply: {code}已兑换，可抵{value}元。

tool shop: price_history jiage_zoushi past_prices lishi_jiage price_trend
about: [查询|返回]商品[过去|历史]的最低价。
about: Shows the lowest price a product has had so far.
product = product ; product shangpin item goods ; 商品
order: [查查|翻翻]{product}[以前卖多少|过去最低到过多少]
order: [看看|比比]{product}[现在买亏不亏|是不是先涨后降]
ask: {product}[之前最便宜是多少|去年双十一卖多少]
ask: 现在入手{product}[划算吗|会不会当冤大头]
note: 店家说{product}是[全年最低|跳楼价]，[我不太信|真的假的]
note: 想买{product}，[又怕刚买完就跌|担心买在高点]，[看下它以往的行情|它以前的价摆出来看看]
note: {product}[上个月好像没这么贵|是不是偷偷涨了]
note: {product}历史价
gives: lowest = price ; month = enum:1月,3月,6月,9月,11月,12月
reply: {product}最低到过{lowest}元，在{month}。

tool shop: price_alert jiangjia_tixing watch_price notify_price_drop dengjiangjia
about: 商品降到[指定|目标]价格时发通知。
about: 降价提醒
product = product ; product shangpin item what ; 商品
price = price ; price mubiao_jia target max_price ; 目标价格
order: [盯着|守着]{product}，[跌到|降到]{price}[喊我|叫我一声]
order: 等{product}[低于|便宜到]{price}元[就通知我|再告诉我]
ask: {product}要是[降到|掉到]{price}，能[喊我一声|给我发个信]吗
note: {product}现在太贵了，{price}[以内|以下]我才[考虑|下手]，[到了说一声|到时候吱一声]
note: 我的预算是{price}，{product}[一够得着就告诉我|哪天掉到这个数让我知道]
note: 想等{product}打折，心理价位{price}
note: {product} ≤ {price}时通知
note: 不着急买{product}，{price}块[我就要|就拿下]，[替我留意着|帮我蹲着]
gives: alert_id = id
reply: {product}降到{price}元会通知您（{alert_id}）。

tool clothes: recommend_size clothing_size chima size_for_body chuan_jihao
about: 按身高和体重推荐衣服尺码。
about: Recommends a clothing size from body height and weight.
height = integer:145-198 ; height shengao cm tall ; 身高（厘米）
weight = integer:40-110 ; weight tizhong kg ; 体重（公斤）
order: [看看|算算]{height}公分、{weight}公斤[穿几码|该拿什么号]
order: 按身高{height}、体重{weight}[选个码|挑个号]
ask: 我{height}厘米，{weight}公斤，[买L会不会大|M穿得下吗|该拍哪个号]
ask: {height}cm、{weight}公斤的[男生|女生|人][穿多大|要几号]
note: {height}，{weight}公斤，[怕买小了|不知道选哪个码]
note: 给男朋友买外套，他{height}公分，{weight}公斤[左右|]，[拿不准大小|要哪个号]
note: 最近胖到{weight}公斤了，个子{height}，[去年的衣服都紧|裤子该换多大的]
note: 网购老是不合身，个头{height}厘米，秤上{weight}公斤
gives: size = enum:S,M,L,XL,XXL
reply: 建议选{size}码。

tool clothes: washing_advice how_to_wash xidi_jianyi fabric_care zenme_xi
about: 某种面料该怎么洗。
about: 衣物[洗涤|护理]建议
fabric = enum:羊毛,真丝,纯棉,羽绒,亚麻,牛仔,皮革 ; fabric mianliao material ; 面料
order: [说说|查查]{fabric}的[衣服怎么打理|能不能进洗衣机]
order: [教我|告诉我]怎么弄干净{fabric}的[衣裳|外套]又不[缩水|变形]
ask: {fabric}[可以用热水吗|会不会缩水|能不能甩干]
ask: {fabric}的裙子[沾了油|弄脏了]怎么处理
note: 刚买了件{fabric}的，[不舍得乱来|标签剪掉了]，[该手搓还是机洗|几度的水合适]
note: 上次把{fabric}的[洗坏了|弄缩了一圈]，[这回学乖了，先问问|不想再毁一件]
note: {fabric}[褪色|起球]，[是不是我弄的方法不对|以后该怎么弄]
note: {fabric}，怎么洗
gives: degrees = enum:冷水,30度,40度 ; way = enum:手洗,轻柔机洗,干洗
reply: {fabric}建议{way}，水温{degrees}。

tool clothes: start_washer run_laundry xiyiji kaishi_xiyi washing_machine
about: [启动|开动]洗衣机，选一个程序。
about: Starts the washing machine with a programme.
program = enum:快洗,标准,大件,羊毛,除菌,单脱水 ; program chengxu mode cycle ; 洗衣程序
order: [开|启动]洗衣机，[用|走]{program}
order: 把[脏衣服|桶里那堆]用{program}[洗了|转一遍]
note: 衣服[都扔进去了|塞好了]，{program}，[可以转了|走起]
note: 我[人在外面|还在路上]，[滚筒里有床单|家里那桶衣服]，{program}[跑起来|先转着]，到家正好晾
note: 洗衣液倒好了，{program}
note: 明早要穿那件衬衫，[已经放进桶里|在桶里]，走{program}
ask: 能现在就[按|跑]一遍{program}吗，[衣服放好了|桶已经满了]
note: {program}模式，开洗
gives: minutes = integer:15-120
reply: {program}已开始，大约{minutes}分钟。

tool house: waste_category garbage_sorting laji_fenlei which_bin shenme_laji
about: [判断|查询]东西属于哪一类垃圾。
about: 垃圾分类
item = product ; item thing wupin laji ; 要扔的东西
city? = city ; city chengshi where ; 所在城市 ; ，我[在|住]{}
order: [看看|查查]{item}[该扔哪个桶|算干的还是湿的]
order: [告诉我|说说]{item}[丢哪里|怎么丢]
ask: {item}[是可回收的吗|扔绿桶还是蓝桶|属于有害的吗]
ask: {item}[坏了不要|用旧了]该往哪个桶里放
note: 手里拿着{item}站在楼下，[四个桶不知道选哪个|阿姨说我放错了]
note: 大扫除清出来{item}，[不会分|怕被罚钱]
note: 小区查得严，{item}[往哪儿投|投哪一个]
note: {item}扔哪
gives: category = enum:可回收物,厨余垃圾,有害垃圾,其他垃圾
reply: {item}属于{category}。

tool house: book_repairman repair_appointment baoxiu weixiu_yuyue call_plumber
about: 预约师傅上门维修家里的东西。
about: Books a technician who comes to the home to fix something.
item = product ; item shebei thing broken ; 坏了的东西
date = date ; date riqi day when ; 上门日期
order: [约|找]个师傅{date}来[修|看看]{item}
order: 给{item}[报修|约个维修]，{date}[上门|过来]
ask: {date}有师傅能来[修|弄]{item}吗
note: 家里{item}[不转了|冒烟了|漏水]，{date}[我都在家|有人]，[派个人来|找人瞧瞧]
note: {item}[罢工|彻底不动]了，自己拆开[没弄明白|装不回去]，{date}[来个懂行的|叫个会弄的来]
note: {date}我休息，[正好让人把|叫人把]{item}[弄好|整好]
note: 房东说{item}[他出钱|他报销]，{date}[叫人过来|安排人来]弄
note: {item}坏了，{date}上门
gives: worker = person ; ticket = id
reply: {worker}师傅{date}上门修{item}，单号{ticket}。

tool garden: watering_schedule plant_watering jiaoshui_zhouqi how_often_water yanghua
about: [返回|查询]一种植物几天浇一次水。
about: 养花浇水周期
plant = word ; plant zhiwu flower huacao ; 植物
order: [查查|说说]{plant}[几天浇一回|多久给一次水]
order: [看看|告诉我]{plant}[耐不耐旱|爱不爱喝水]
ask: {plant}[多久渴一次|隔几天浇合适]
ask: {plant}叶子[发黄|打蔫]，[是水给多了吗|是不是渴了]
note: 同事送我一盆{plant}，[我养啥死啥|完全没经验]，[隔几天伺候一次|一周得管几回]
note: 要出门一个星期，[担心阳台的|放心不下]{plant}[干死|撑不住]
note: {plant}[烂根了|蔫了]，[估计是我太勤快|我是不是浇太勤了]
note: {plant}浇水频率
gives: days = integer:1-21
reply: {plant}每{days}天浇一次水。

tool pets: pet_food_safety can_pet_eat chongwu_shiwu safe_for_pet nengbuneng_wei
about: [判断|查询]某种动物能不能吃某种食物。
about: Tells whether a food is safe for an animal.
animal = animal ; animal dongwu pet ; 动物
food = food ; food shiwu item ; 食物
order: [查查|确认]{animal}[能不能吃|吃不吃得了]{food}
order: [看看|问问]给{animal}喂{food}[行不行|有没有事]
ask: {animal}[吃得了|能不能碰|可不可以尝]{food}
ask: 我家{animal}偷吃了{food}，[要紧吗|有危险吗]
note: {animal}一直盯着我碗里的{food}，[能分它一口吗|给一点要不要紧]
note: 想给{animal}换换口味，[比如|试试]{food}
note: 小孩把{food}丢给了{animal}，[我有点慌|吓我一跳]，[不会出事吧|它肚子受得了吗]
note: {animal} {food} 能喂吗
gives: answer = enum:可以,少量可以,不可以
reply: {animal}吃{food}：{answer}。

tool car: find_parking parking_lots zhao_chewei nearby_parking tingchechang
about: 查找某地附近的[停车场|空车位]。
about: Finds car parks with free spaces near a place.
place = place ; place didian near where ; 地点
order: [找找|搜搜]{place}[周围|附近|旁边]哪里[能停车|有车位]
order: [看看|查一下]{place}那边[好不好停|还有空位没有]
ask: 开车去{place}[停哪儿|车放哪里不会被贴条]
ask: {place}[附近有地方停吗|周边哪儿还有空位]
note: 已经绕着{place}转了三圈，[一个位子都没有|车没处放]
note: 晚上自己开车到{place}，[怕没处停|最怕找不到地方放车]
note: 带老人去{place}，[车最好离得近点|不想停太远走过来]
note: {place}停车
gives: lot = title ; free = integer:1-300
reply: {place}附近的{lot}停车场还有{free}个车位。

tool car: parking_fee pay_parking tingchefei jiao_tingchefei exit_fee
about: 按车牌[查询|计算]要交的停车费。
about: 停车缴费金额
plate = id ; plate chepai car license ; 车牌
order: [算算|查一下]{plate}[停到现在多少钱|要交多少]
order: [看看|结一下]{plate}[出场|出库]得付几块
ask: {plate}[停了几个小时，该给多少|出去要掏多少]
note: 准备开走了，车是{plate}，[先把账看一眼|要扫多少]
note: {plate}在你们地库[放了一夜|停了两天]，[别太贵啊|估计得不少]
note: 马上到闸机口，{plate}，[扫码付多少|多少钱]
note: {plate}，停车费
note: 逛了一下午商场，{plate}还在B2，[能免几小时，还差多少|该补多少]
gives: fee = price ; hours = integer:1-48
reply: {plate}停了{hours}小时，应付{fee}元。

tool car: fuel_price petrol_price youjia gas_price jiayou_jiage
about: [查询|返回]某地[今天的|]油价。
about: Current petrol price in a city.
city = city ; city chengshi area where ; 城市
grade? = enum:92号,95号,98号,柴油 ; grade youpin type ; 油品 ; ，[我加|要]{}
order: [看看|查查]{city}[加油多少钱一升|汽油涨了没]
order: [告诉我|报一下]{city}[今天的油价|加油站什么价]
ask: {city}[一升油几块|汽油贵不贵]
ask: 现在在{city}加[油|满一箱]是什么价，[每升几块|一升多少]
note: 油箱见底了，[刚进|人在]{city}，[听说明天要涨|看值不值现在加]
note: 自驾路过{city}，[想知道在那儿加贵不贵|不知道加油划不划算]
note: 跑网约车的，{city}[今天一升多少|又调价了吧]
note: {city}油价
gives: price = price
reply: {city}油价每升{price}元。

tool car: driving_restriction license_limit xianxing weihao_xianxing can_drive_today
about: [查询|返回]城市某天限行的尾号。
about: 机动车尾号限行
city = city ; city chengshi where ; 城市
date = date ; date riqi day ; 日期
order: [查一下|看看]{city}在{date}[限哪两个号|不让哪些车上路]
order: [确认|弄清]{date}[开车进|在]{city}会不会[被拍|违规]
ask: {date}{city}[限什么号|尾号几的不能开]
ask: {date}我把车开进{city}[会吃罚单吗|让不让走]
note: {date}得送孩子，在{city}，[怕号不对被扣分|不晓得轮没轮到我的车歇着]
note: 打算{date}自驾去{city}，[外地牌有没有讲究|哪些车不让进]
note: {city}，{date}，[哪个尾号歇着|轮到谁停]
note: {date}{city}限行
gives: digits = enum:1和6,2和7,3和8,4和9,5和0
reply: {city}{date}限行尾号{digits}。

tool transit: bus_arrival next_bus gongjiao_daozhan bus_eta dengche
about: 查询[某路|]公交车还有几分钟到站。
about: Minutes until the next bus of a line reaches a stop.
line = integer:1-990 ; line xianlu route bus ; 几路车
stop = place ; stop zhandian station where ; 站点
order: [看看|查查]{line}路[还有多久到|离着多远到]{stop}
order: [报一下|告诉我]{stop}的{line}路[几分钟后来|到哪儿了]
ask: {stop}的{line}路[怎么还不来|下一班要等几分钟]
ask: {line}路[多久能到|什么时候开到]{stop}
note: 在{stop}[冻得发抖|站了二十分钟]，{line}路[影子都没有|就是不来]
note: {stop}，等{line}路，[要不要先买杯咖啡|来得及吃个包子吗]
note: 我刚出门，往{stop}走，[赶得上下一趟|怕错过]{line}路
note: {line}路 {stop} 几分钟
gives: minutes = integer:1-40
reply: {line}路还有{minutes}分钟到{stop}。

tool transit: last_metro last_train_time mobanche subway_last metro_closing
about: [查询|返回]地铁站的末班车时间。
about: 地铁收班时间
station = place ; station zhan ditiezhan from ; 地铁站
order: [查查|看看]{station}站[最后一班是几点|地铁开到几点]
order: [告诉我|说一下]{station}[末班地铁|最晚一趟]的[点儿|时间]
ask: {station}[半夜还有地铁吗|地铁几点停]
ask: 从{station}坐地铁，最迟[几点得进站|几点走]
note: 演出十一点才散，在{station}[上车|进站]，[会不会没车回家了|不想打车]
note: 在{station}跟朋友喝酒，[得掐着点走|别让我错过回家的地铁]，[最晚能待到几点|几点必须撤]
note: {station}，[夜里|加完班]还[赶得上|坐得到]地铁吗
note: {station}末班
gives: time = enum:22:35,22:50,23:05,23:20,23:45
reply: {station}的末班车是{time}。

tool travel: refund_train_ticket tuipiao return_ticket cancel_train tui_huochepiao
about: [办理|]火车票退票。
about: Returns a train ticket for money.
ticket = id ; ticket piaohao booking order_no ; 票号
order: 把{ticket}这张[火车票|高铁票][退了|退掉]
order: [办一下|处理]{ticket}的退票
ask: {ticket}现在[退扣多少手续费，能退就退|还能退吗]
note: 走不成了，[高铁|火车]那张{ticket}[不坐了|用不上了]
note: [行程取消|领导说不用去了]，{ticket}的[座儿让出去|座位放掉]，[能拿回多少是多少|趁还没发车]
note: {ticket}，退票
note: 家里有急事，{ticket}那趟车[坐不了|赶不上了]，[票钱能拿回来点吧|把票钱要回来]
note: 多买了一张火车票，号是{ticket}，[不需要了|退回去]
gives: refund = price
reply: 票{ticket}已退，退回{refund}元。

tool travel: change_train_ticket gaiqian rebook_train huan_checi move_ticket
about: 火车票改签到另一天。
about: 改签
ticket = id ; ticket piaohao booking order_no ; 票号
date = date ; date xin_riqi new_date to ; 改到哪天
order: 把{ticket}这张车票[改到|挪到|换成]{date}
order: [改签|改]{ticket}，{date}[走|出发]
ask: {ticket}能[换到|改成]{date}[走|坐]吗
note: 会议拖了，火车票{ticket}，{date}[才走得了|再走]
note: {date}[才能动身|再回去]，手里这张{ticket}[火车票怎么弄|火车票跟着变]
note: 原来的车赶不上了，{ticket}，[顺延到|推到]{date}
note: 丈母娘留我多住，{ticket}[车票|][往后推|延]到{date}
note: {ticket}改签{date}
gives: train = id ; difference = price
reply: {ticket}已改到{date}的{train}次，差价{difference}元。

tool travel: flight_status hangban_dongtai is_flight_delayed plane_status wandian
about: 查询航班是否[准点|延误]。
about: Whether a flight is on time, delayed or cancelled.
flight = id ; flight hangban number flight_no ; 航班号
order: [查查|看看]{flight}[晚不晚点|起飞了没有]
order: [盯|跟]一下{flight}[落地没|到哪儿了]
ask: {flight}[准时吗|延误多久|取消了吗]
ask: {flight}这趟飞机[到了吗|几时能落地，有没有推迟]
note: 我去机场接爸妈，他们坐{flight}，[我几点出门好|不想傻等]
note: 外面下暴雨，{flight}[还飞得了吗|不会趴窝吧]
note: 坐在登机口半天了，{flight}[一点动静没有|没人广播]
note: {flight}动态
gives: status = enum:准点,延误,已起飞,已到达,取消
reply: 航班{flight}：{status}。

tool travel: online_checkin zhiji check_in_flight xuan_zuowei get_boarding_pass
about: 给航班办理网上值机并选座。
about: 飞机值机选座
flight = id ; flight hangban flight_no number ; 航班号
seat = enum:靠窗,靠过道,中间,前排 ; seat zuowei preference ; 座位偏好
order: 给{flight}[值机|办登机牌]，[座位|]要{seat}[的|]
order: [选|占]个{flight}{seat}的[位子|座]
ask: {flight}还[能选|有]{seat}的[座|位子]吗
note: 坐{flight}，[我腿长|晕机]，{seat}[最好|的给我占一个]
note: 不想在机场排队，{flight}，{seat}，[先把登机牌弄出来|提前办了]
note: {flight}明早飞，{seat}[的先抢下来|的趁早占]
note: 带着孩子飞{flight}，[想坐|坐]{seat}的地方
note: {flight} 值机 {seat}
gives: seat_no = enum:12A,7C,31F,3B ; gate = integer:1-60
reply: {flight}值机成功，座位{seat_no}，登机口{gate}。

tool travel: visa_requirement need_visa qianzheng visa_check mianqian
about: [查询|返回]去某国要不要签证。
about: Tells whether a trip to a country needs a visa.
country = country ; country guojia destination where ; 国家
days? = integer:3-90 ; days tianshu stay ; 停留天数 ; ，[打算待|玩]{}天
order: [查查|确认]去{country}[要不要签证|免不免签]
order: [看看|说说]{country}[落地签行不行|光拿护照能不能进]
ask: 去{country}[玩|出差]要[提前办什么手续|办签证吗]
ask: 拿中国护照[能直接飞|可以说走就走去]{country}吗
note: 临时起意想飞{country}，[只有护照|证件来得及吗]
note: 公司派我去{country}，[要不要跑使馆|得先去使馆排队吗]
note: 蜜月想去{country}，[最怕被拒签|材料好不好办]
note: {country}签证
gives: answer = enum:免签,落地签,需要提前办签证,电子签
reply: 去{country}：{answer}。

tool travel: packing_list dabao_qingdan what_to_pack xingli_qingdan luggage_checklist
about: 按目的地和天数列出要带的行李。
about: 行李清单
city = city ; city mudidi destination to ; 目的地
days = integer:1-30 ; days tianshu length ; 天数
order: [列|写]一份去{city}{days}天要带的[东西|物品]
order: [想想|理一理]{city}{days}日游[箱子里放什么|该装哪些]
ask: 去{city}待{days}天[要带些什么|该往箱子里塞什么]
note: 明早飞{city}，住{days}天，[箱子还是空的|什么都没收拾]
note: 我每次出门都丢三落四，这回{city}{days}天，[拉个单子|照着单子装]
note: {days}天，{city}，[第一次去，没概念|一个登机箱够吗，装什么]
note: 带娃去{city}玩{days}天，[大包小包怎么装|哪些是非带不可的]
note: {city}{days}天打包
gives: items = integer:8-40 ; first = product
reply: 去{city}{days}天的清单共{items}样，第一样是{first}。

tool outdoors: uv_index get_uv ziwaixian sun_strength fangshai_zhishu
about: [查询|返回]城市的紫外线[指数|强度]。
about: 紫外线
city = city ; city chengshi location where ; 城市
order: [看看|查查]{city}[太阳毒不毒|日头晒不晒人]
order: [告诉我|说说]{city}[要不要擦防晒|紫外线有多强]
ask: 在{city}[会不会晒黑|要涂多少倍的防晒霜]
ask: {city}这会儿[晒不晒|出门要不要戴帽子墨镜]
note: 我皮肤[敏感|一晒就红]，在{city}[走一下午|爬山]，[得防到什么程度|防晒要做到哪步]
note: 带宝宝在{city}[玩沙滩|逛公园]，[怕他晒伤|会不会晒脱皮]
note: 人在{city}，[遮阳伞要不要拿|防晒霜能省吗]
note: {city}紫外线
gives: uv = integer:1-11
reply: {city}的紫外线指数是{uv}。

tool outdoors: sunset_time get_sunset riluo tianhei_shijian dusk
about: [返回|查询]城市的日落时间。
about: When the sun goes down in a city.
city = city ; city chengshi place location ; 城市
order: [查查|看看]{city}[几点天黑|太阳什么时候下山]
order: [告诉我|说一下]{city}的[日落|晚霞]时间
ask: {city}[傍晚几点没太阳|什么时候太阳落山]
ask: 在{city}[几点还看得见路|什么时候得开车灯]
note: 想在{city}的海边拍[晚霞|夕阳]，[几点到合适|几点得架好机器]
note: 骑车到{city}，[没带灯|车灯坏了]，[要赶在暗下来之前|几点以后就摸黑了]
note: 求婚选在{city}，[要卡着夕阳|就要那一刻的余晖]
note: {city}日落
gives: sunset = enum:17:05,17:48,18:30,19:10,19:42
reply: {city}{sunset}日落。

tool dates: is_workday holiday_check fangjia shifou_shangban public_holiday
about: [判断|查询]某天是上班还是放假。
about: 法定节假日、调休查询
date = date ; date riqi day which ; 日期
order: [看看|查查]{date}[上不上班|休不休息|要不要调休]
order: [确认|核对]{date}[是不是假期|银行开门不开门]
ask: {date}[放假吗|是法定假吗|要补班吗]
ask: {date}[用不用去单位|孩子上学吗，是不是公休]
note: 想{date}去办证，[就怕窗口没人|怕人家不办公]
note: {date}我闹钟要不要关，[搞不清调休|全公司都在吵]
note: 打算{date}睡个懒觉，[不会是要补班的日子吧|别又赶上调休]
note: {date}休不休
gives: answer = enum:上班,放假,调休上班
reply: {date}：{answer}。

tool dates: lunar_date to_lunar nongli chinese_calendar yinli_riqi
about: 把公历日期换成农历。
about: Converts a date to the Chinese lunar calendar.
date = date ; date gongli riqi solar ; 公历日期
order: [换算|查查]{date}是[阴历|农历]几月初几
order: [看看|翻翻老黄历]{date}[是初几|逢不逢十五]
ask: {date}是[初几|农历多少|老历哪天]
ask: {date}[该不该吃素，是不是初一十五|按老家算法是几月几]
note: 奶奶只认老历，{date}[怎么跟她说|她那边叫什么日子]
note: {date}去庙里，[想赶个初一|不晓得是不是十五]
note: 外公问我{date}，他说的是[阴历|老历]
note: {date}农历
gives: lunar = enum:正月初五,三月十五,五月初一,八月初八,腊月廿三
reply: {date}是农历{lunar}。

tool clocks: time_difference shicha hours_apart timezone_gap xiangcha_jixiaoshi
about: [计算|返回]两个城市的时差（小时）。
about: How many hours two cities are apart on the clock.
first = city ; first city_a chengshi_a here ; 第一个城市
second = city ; second city_b chengshi_b there ; 第二个城市
order: [算算|查查]{first}跟{second}[差几个钟头|时差多少]
order: [看看|说说]{second}比{first}[早还是晚几小时|慢几个小时]
ask: {first}和{second}[相差几小时|隔几个时区]
ask: 我在{first}，他在{second}，[我们的钟差多少|两边差几个点]
note: 女儿去{second}留学了，我在{first}，[怕半夜吵醒她|老算不清她那头比我晚几个钟]
note: 跨国会议，{first}的人和{second}的人，[钟表对不上|差几个小时要先弄明白]
note: 从{first}飞{second}，[手表要拨几格|表该拨快还是拨慢几个钟头]
note: {first}/{second}时差
gives: hours = integer:1-13
reply: {first}和{second}相差{hours}小时。
"""
