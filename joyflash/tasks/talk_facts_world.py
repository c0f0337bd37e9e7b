# ruff: noqa: E501 (tables of phrases read best one idea a line)
"""Countries for small talk: `English name|capital|continent|Chinese name|capital|continent`, one per cell of `;`."""

COUNTRIES = """
France|Paris|Europe|法国|巴黎|欧洲;Germany|Berlin|Europe|德国|柏林|欧洲;Italy|Rome|Europe|意大利|罗马|欧洲;Spain|Madrid|Europe|西班牙|马德里|欧洲
Portugal|Lisbon|Europe|葡萄牙|里斯本|欧洲;Greece|Athens|Europe|希腊|雅典|欧洲;Poland|Warsaw|Europe|波兰|华沙|欧洲;Austria|Vienna|Europe|奥地利|维也纳|欧洲
Hungary|Budapest|Europe|匈牙利|布达佩斯|欧洲;Sweden|Stockholm|Europe|瑞典|斯德哥尔摩|欧洲;Norway|Oslo|Europe|挪威|奥斯陆|欧洲;Finland|Helsinki|Europe|芬兰|赫尔辛基|欧洲
Denmark|Copenhagen|Europe|丹麦|哥本哈根|欧洲;Ireland|Dublin|Europe|爱尔兰|都柏林|欧洲;Belgium|Brussels|Europe|比利时|布鲁塞尔|欧洲;Russia|Moscow|Europe|俄罗斯|莫斯科|欧洲
Ukraine|Kyiv|Europe|乌克兰|基辅|欧洲;Romania|Bucharest|Europe|罗马尼亚|布加勒斯特|欧洲;Bulgaria|Sofia|Europe|保加利亚|索非亚|欧洲;Croatia|Zagreb|Europe|克罗地亚|萨格勒布|欧洲
Serbia|Belgrade|Europe|塞尔维亚|贝尔格莱德|欧洲;Iceland|Reykjavik|Europe|冰岛|雷克雅未克|欧洲;Switzerland|Bern|Europe|瑞士|伯尔尼|欧洲;Slovakia|Bratislava|Europe|斯洛伐克|布拉迪斯拉发|欧洲
Slovenia|Ljubljana|Europe|斯洛文尼亚|卢布尔雅那|欧洲;Estonia|Tallinn|Europe|爱沙尼亚|塔林|欧洲;Latvia|Riga|Europe|拉脱维亚|里加|欧洲;Lithuania|Vilnius|Europe|立陶宛|维尔纽斯|欧洲
Albania|Tirana|Europe|阿尔巴尼亚|地拉那|欧洲;Malta|Valletta|Europe|马耳他|瓦莱塔|欧洲;Luxembourg|Luxembourg City|Europe|卢森堡|卢森堡市|欧洲;Belarus|Minsk|Europe|白俄罗斯|明斯克|欧洲
China|Beijing|Asia|中国|北京|亚洲;Japan|Tokyo|Asia|日本|东京|亚洲;South Korea|Seoul|Asia|韩国|首尔|亚洲;Mongolia|Ulaanbaatar|Asia|蒙古|乌兰巴托|亚洲
India|New Delhi|Asia|印度|新德里|亚洲;Pakistan|Islamabad|Asia|巴基斯坦|伊斯兰堡|亚洲;Bangladesh|Dhaka|Asia|孟加拉国|达卡|亚洲;Nepal|Kathmandu|Asia|尼泊尔|加德满都|亚洲
Thailand|Bangkok|Asia|泰国|曼谷|亚洲;Vietnam|Hanoi|Asia|越南|河内|亚洲;Laos|Vientiane|Asia|老挝|万象|亚洲;Cambodia|Phnom Penh|Asia|柬埔寨|金边|亚洲
Malaysia|Kuala Lumpur|Asia|马来西亚|吉隆坡|亚洲;Indonesia|Jakarta|Asia|印度尼西亚|雅加达|亚洲;the Philippines|Manila|Asia|菲律宾|马尼拉|亚洲;Turkey|Ankara|Asia|土耳其|安卡拉|亚洲
Iran|Tehran|Asia|伊朗|德黑兰|亚洲;Iraq|Baghdad|Asia|伊拉克|巴格达|亚洲;Saudi Arabia|Riyadh|Asia|沙特阿拉伯|利雅得|亚洲;Jordan|Amman|Asia|约旦|安曼|亚洲
Qatar|Doha|Asia|卡塔尔|多哈|亚洲;Kuwait|Kuwait City|Asia|科威特|科威特城|亚洲;Oman|Muscat|Asia|阿曼|马斯喀特|亚洲;Kazakhstan|Astana|Asia|哈萨克斯坦|阿斯塔纳|亚洲
Uzbekistan|Tashkent|Asia|乌兹别克斯坦|塔什干|亚洲;Georgia|Tbilisi|Asia|格鲁吉亚|第比利斯|亚洲;Armenia|Yerevan|Asia|亚美尼亚|埃里温|亚洲;Afghanistan|Kabul|Asia|阿富汗|喀布尔|亚洲
Egypt|Cairo|Africa|埃及|开罗|非洲;Morocco|Rabat|Africa|摩洛哥|拉巴特|非洲;Algeria|Algiers|Africa|阿尔及利亚|阿尔及尔|非洲;Tunisia|Tunis|Africa|突尼斯|突尼斯市|非洲
Kenya|Nairobi|Africa|肯尼亚|内罗毕|非洲;Ethiopia|Addis Ababa|Africa|埃塞俄比亚|亚的斯亚贝巴|非洲;Nigeria|Abuja|Africa|尼日利亚|阿布贾|非洲;Ghana|Accra|Africa|加纳|阿克拉|非洲
Senegal|Dakar|Africa|塞内加尔|达喀尔|非洲;Uganda|Kampala|Africa|乌干达|坎帕拉|非洲;Angola|Luanda|Africa|安哥拉|罗安达|非洲;Zambia|Lusaka|Africa|赞比亚|卢萨卡|非洲
Zimbabwe|Harare|Africa|津巴布韦|哈拉雷|非洲;Sudan|Khartoum|Africa|苏丹|喀土穆|非洲;Libya|Tripoli|Africa|利比亚|的黎波里|非洲;Madagascar|Antananarivo|Africa|马达加斯加|塔那那利佛|非洲
Canada|Ottawa|North America|加拿大|渥太华|北美洲;the United States|Washington, D.C.|North America|美国|华盛顿|北美洲;Mexico|Mexico City|North America|墨西哥|墨西哥城|北美洲
Cuba|Havana|North America|古巴|哈瓦那|北美洲;Jamaica|Kingston|North America|牙买加|金斯敦|北美洲;Panama|Panama City|North America|巴拿马|巴拿马城|北美洲
Brazil|Brasilia|South America|巴西|巴西利亚|南美洲;Argentina|Buenos Aires|South America|阿根廷|布宜诺斯艾利斯|南美洲;Chile|Santiago|South America|智利|圣地亚哥|南美洲
Peru|Lima|South America|秘鲁|利马|南美洲;Colombia|Bogota|South America|哥伦比亚|波哥大|南美洲;Ecuador|Quito|South America|厄瓜多尔|基多|南美洲
Venezuela|Caracas|South America|委内瑞拉|加拉加斯|南美洲;Uruguay|Montevideo|South America|乌拉圭|蒙得维的亚|南美洲;Paraguay|Asuncion|South America|巴拉圭|亚松森|南美洲
Australia|Canberra|Oceania|澳大利亚|堪培拉|大洋洲;New Zealand|Wellington|Oceania|新西兰|惠灵顿|大洋洲;Fiji|Suva|Oceania|斐济|苏瓦|大洋洲
the United Kingdom|London|Europe|英国|伦敦|欧洲
"""
