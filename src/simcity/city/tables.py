# ruff: noqa: E501 - one row of a hand-written table a line
"""Hand-made schematic of Makassar: the source tables.

Everything in this file was written by hand from general knowledge of the city.  Nothing is
surveyed; positions are approximate.  A point is written "x,y" with

    longitude = 119 + x / 10000        latitude = -(5 + y / 10000)

so one unit is about 11 m, x grows to the east and y to the SOUTH.
"""

# --------------------------------------------------------------------------- coast and water
COAST = """3890,2250 3868,2190 3852,2130 3848,2070 3845,2010 3840,1972 3832,1935 3838,1890 3845,1850
3852,1800 3858,1755 3852,1715 3862,1680 3880,1650 3898,1622 3915,1600 3945,1590 3975,1572 3990,1552
3962,1540 3948,1510 3955,1475 3985,1455 4015,1440 4030,1428 4045,1440 4050,1462 4062,1482 4075,1485
4078,1460 4073,1430 4062,1405 4052,1385 4045,1362 4040,1340 4046,1322 4058,1310 4062,1290 4066,1250
4080,1215 4094,1185 4108,1155 4128,1128 4155,1108 4180,1095 4200,1085 4225,1092 4262,1090 4288,1070
4300,1045 4285,1010 4330,985 4375,1010 4385,1045 4410,1035 4435,1015 4450,1000 4475,990 4520,985
4560,965 4600,945 4650,920 4690,895 4720,860 4745,820 4765,770 4780,720 4785,680 4800,640 4850,610
4900,590 4960,560 5010,520 5060,470"""
# The land goes on beyond the city, so that a map of the city meets no edge of the world.
LAND_CLOSE = "5560,-300 7000,-300 7000,2700 3930,2700"

# name | river or canal or lake | width m | points
WATER = """
Sungai Tallo | river | 90 | 5150,1640 5050,1600 4960,1562 4870,1560 4840,1535 4818,1500 4748,1444 4725,1408 4705,1370 4700,1322 4650,1268 4602,1236 4575,1182 4503,1140 4480,1070 4455,1000
Sungai Tallo cabang Lakkang | river | 60 | 4650,1268 4682,1236 4668,1190 4620,1165 4575,1182
Sungai Jeneberang | river | 160 | 4620,2110 4520,2060 4440,2010 4350,1985 4200,1965 4080,1955 3980,1950 3880,1952 3825,1955
Kanal Jongaya | canal | 20 | 4022,1738 4075,1712 4128,1728 4172,1728 4206,1690 4222,1620 4262,1560 4302,1500 4346,1446
Kanal Sinrijala | canal | 18 | 4346,1446 4352,1400 4350,1352 4362,1325 4402,1300
Kanal Pampang | canal | 25 | 4402,1300 4455,1270 4520,1240 4575,1225
Kanal Panampu | canal | 18 | 4350,1352 4338,1300 4318,1245 4268,1198 4226,1142 4212,1092
Kanal Hertasning | canal | 12 | 4402,1640 4450,1650 4520,1672 4590,1690
Danau Tanjung Bunga | lake | 150 | 4022,1738 3985,1780 3972,1830 4000,1872 4040,1905
Waduk Borong | lake | 120 | 4662,1662 4690,1680
"""

# name | centre | radius m | kecamatan | kelurahan code (inhabited by) or -
ISLANDS = """
Pulau Lae-Lae | 3920,1372 | 190 | 04 | 1007
Pulau Lae-Lae Kecil (Gusung) | 3935,1285 | 120 | 04 | -
Pulau Kayangan | 3990,1140 | 90 | 04 | -
Pulau Barrang Lompo | 3290,480 | 270 | 15 | 1002
Pulau Barrang Caddi | 3200,810 | 180 | 15 | 1001
Pulau Kodingareng Lompo | 2655,1465 | 300 | 15 | 1003
Pulau Samalona | 3430,1240 | 90 | 15 | 1003
Pulau Kodingareng Keke | 2880,1035 | 90 | 15 | 1003
Pulau Bone Tambung | 2775,330 | 130 | 15 | 1002
Pulau Lumu-Lumu | 2110,-255 | 140 | 15 | 1001
Pulau Langkai | 950,300 | 280 | 15 | 1001
Pulau Lanjukang | 710,-165 | 220 | 15 | 1001
"""

LAKKANG = "4625,1205"  # the river island of kelurahan Lakkang, reached by boat

# --------------------------------------------------------------------------- kecamatan
# code | name | office (kantor camat) | outline
KECAMATAN = """
01 | Mariso | 4112,1605 | 4084,1474 4150,1494 4155,1560 4155,1612 4126,1622 4126,1690 4080,1684 4050,1645 4046,1590 4048,1552 4076,1500 ; 3990,1552 3962,1540 3948,1510 3955,1475 3985,1455 4015,1440 4030,1428 4045,1440 4050,1462 4050,1500 4048,1552
02 | Mamajang | 4170,1618 | 4150,1494 4186,1512 4205,1525 4245,1515 4243,1600 4240,1662 4195,1682 4165,1692 4150,1725 4130,1762 4100,1760 4060,1720 4080,1684 4126,1690 4126,1622 4155,1612 4155,1560
03 | Makassar | 4262,1425 | 4190,1345 4215,1356 4255,1351 4305,1344 4345,1355 4348,1400 4345,1450 4310,1475 4280,1490 4245,1515 4205,1525 4186,1512 4190,1465 4194,1420 4190,1360
04 | Ujung Pandang | 4112,1412 | 4040,1340 4046,1322 4060,1322 4105,1325 4150,1327 4172,1315 4190,1345 4190,1360 4194,1420 4190,1465 4186,1512 4150,1494 4084,1474 4078,1460 4073,1430 4062,1405 4052,1385 4045,1362
05 | Wajo | 4112,1248 | 4060,1322 4105,1325 4150,1327 4172,1315 4170,1260 4180,1215 4178,1186 4140,1166 4102,1166 4080,1215 4066,1250 4062,1290
06 | Bontoala | 4226,1262 | 4172,1315 4190,1345 4215,1356 4255,1351 4305,1344 4312,1312 4285,1290 4238,1228 4215,1190 4178,1186 4180,1215 4170,1260
07 | Tallo | 4318,1222 | 4215,1190 4240,1165 4262,1140 4282,1120 4290,1070 4300,1045 4285,1010 4330,985 4375,1010 4385,1045 4435,1015 4455,1000 4480,1070 4503,1140 4575,1182 4620,1165 4668,1190 4682,1236 4650,1268 4602,1236 4530,1236 4480,1258 4420,1280 4402,1288 4358,1308 4312,1312 4285,1290 4238,1228
08 | Ujung Tanah | 4188,1150 | 4102,1166 4140,1166 4178,1186 4215,1190 4240,1165 4262,1140 4282,1120 4290,1070 4262,1090 4225,1092 4200,1085 4180,1095 4155,1108 4128,1128 4108,1155
09 | Panakkukang | 4448,1468 | 4345,1355 4305,1344 4312,1312 4358,1308 4402,1288 4420,1280 4480,1258 4530,1236 4602,1236 4650,1268 4700,1322 4705,1370 4725,1408 4748,1444 4818,1500 4760,1520 4720,1505 4640,1497 4602,1505 4600,1570 4580,1602 4530,1612 4480,1612 4420,1600 4380,1575 4385,1490 4345,1450 4348,1400
10 | Tamalate | 4200,1822 | 3990,1552 4048,1552 4046,1590 4050,1645 4080,1684 4060,1720 4100,1760 4130,1762 4150,1725 4165,1692 4195,1682 4240,1662 4290,1700 4340,1746 4360,1780 4395,1806 4430,1835 4412,1890 4350,1940 4290,1950 4220,1930 4140,1890 4060,1880 3990,1900 3960,1950 3985,1980 4040,2040 4030,2130 3950,2200 3868,2190 3852,2130 3848,2070 3845,2010 3840,1972 3832,1935 3838,1890 3845,1850 3852,1800 3858,1755 3852,1715 3862,1680 3880,1650 3898,1622 3915,1600 3945,1590 3975,1572
11 | Biringkanaya | 5148,1070 | 4765,770 4780,720 4785,680 4800,640 4850,610 4900,590 4960,600 5050,640 5150,670 5250,690 5330,720 5400,790 5420,860 5400,950 5380,1050 5380,1150 5330,1230 5300,1330 5260,1400 5200,1430 5180,1440 5170,1380 5120,1330 5070,1270 5040,1220 5060,1160 5040,1110 5035,1040 5020,980 5000,920 4970,850 4920,785 4830,745
12 | Manggala | 4790,1648 | 4818,1500 4840,1535 4870,1560 4960,1562 5030,1500 5040,1560 5030,1640 5060,1720 5070,1800 5030,1870 4960,1880 4880,1850 4800,1810 4740,1800 4690,1780 4645,1765 4580,1700 4530,1650 4530,1612 4580,1602 4600,1570 4602,1505 4640,1497 4720,1505 4760,1520
13 | Rappocini | 4402,1690 | 4245,1515 4280,1490 4310,1475 4345,1450 4385,1490 4380,1575 4420,1600 4480,1612 4530,1612 4530,1650 4580,1700 4645,1765 4640,1840 4560,1880 4490,1890 4430,1835 4395,1806 4360,1780 4340,1746 4290,1700 4240,1662 4243,1600
14 | Tamalanrea | 4970,1315 | 4455,1000 4475,990 4520,985 4560,965 4600,945 4650,920 4690,895 4720,860 4745,820 4765,770 4830,745 4920,785 4970,850 5000,920 5020,980 5035,1040 5040,1110 5060,1160 5040,1220 5070,1270 5120,1330 5170,1380 5180,1440 5100,1470 5030,1500 4960,1562 4870,1560 4840,1535 4818,1500 4748,1444 4725,1408 4705,1370 4700,1322 4650,1268 4682,1236 4668,1190 4620,1165 4575,1182 4503,1140 4480,1070
15 | Kepulauan Sangkarrang | 3292,482 | islands
"""

# --------------------------------------------------------------------------- kelurahan
# kecamatan: number name sector; ...   The number is the last part of the Kemendagri code.  The sector
# is either a road or place of this file that the kelurahan is known by (@name; the middle of the road),
# or only the coarse part of the kecamatan (compass word, C = middle): those centres are spread out
# evenly inside the outline by the generator.
KELURAHAN = """
01: 1003 Kunjung Mae NE; 1005 Panambungan N; 1004 Lette NW; 1002 Mattoangin @Stadion Mattoangin (Andi Mattalatta); 1006 Mariso C; 1007 Mario E; 1008 Kampung Buyang SE; 1001 Bontorannu SW; 1009 Tamarunang S
02: 1003 Mamajang Luar N; 1005 Maricaya Selatan NE; 1008 Bonto Biraeng C; 1010 Mandala E; 1009 Labuang Baji @RSUD Labuang Baji; 1004 Mamajang Dalam E; 1007 Pa'Batang W; 1002 Parang C; 1006 Bonto Lebang SE; 1012 Baji Mappakasunggu S; 1011 Tamparang Keke SW; 1001 Sambung Jawa @Pasar Sambung Jawa; 1013 Karang Anyar S
03: 1004 Lariangbangi NW; 1010 Barana N; 1012 Maccini Gusung N; 1005 Maccini @Jl. Maccini Raya; 1011 Maccini Parang E; 1013 Maradekaya Utara C; 1003 Maradekaya C; 1009 Maradekaya Selatan SW; 1014 Bara Baraya Utara C; 1002 Bara Baraya C; 1007 Bara Baraya Timur E; 1008 Bara Baraya Selatan S; 1006 Maricaya Baru SW; 1001 Maricaya @Pasar Maricaya
04: 1006 Bulogading NW; 1005 Baru N; 1004 Pisang Utara NE; 1001 Maloku W; 1009 Sawerigading C; 1010 Lajangiru E; 1003 Pisang Selatan E; 1008 Losari SW; 1002 Mangkura @SDN Mangkura; 1007 Lae-Lae island
05: 1006 Mampu NW; 1007 Malimongan N; 1004 Malimongan Tua NE; 1003 Butung @Pasar Butung; 1008 Melayu Baru C; 1002 Melayu E; 1005 Ende S; 1001 Pattunuang SW
06: 1006 Layang NE; 1007 Parang Layang N; 1011 Bunga Ejaya C; 1008 Bontoala Tua C; 1009 Bontoala Parang W; 1004 Bontoala C; 1005 Baraya C; 1012 Timungan Lompoa E; 1003 Gaddong SW; 1002 Wajo Baru S; 1010 Tompo Balang SE; 1001 Malimongan Baru SE
07: 1007 Tallo @Jl. Sultan Abdullah Raya; 1011 Buloa N; 1003 Kaluku Bodoa N; 1001 Pannampu @Pasar Pannampu; 1015 Bunga Eja Beru W; 1014 Lembo W; 1012 Suangga W; 1013 Ujung Pandang Baru C; 1009 Wala-Walaya C; 1005 Rappokalling @Jl. Rappokalling Raya; 1004 Rappojawa S; 1010 Tammua S; 1002 Kalukuang SW; 1008 La'Latang SW; 1006 Lakkang island
08: 1006 Ujung Tanah W; 1010 Tamalabba W; 1009 Totaka C; 1002 Tabaringan S; 1004 Gusung N; 1003 Patingalloang C; 1012 Patingalloang Baru C; 1005 Cambaya NE; 1011 Camba Berua E
09: 1001 Karuwisi @Pasar Karuwisi; 1009 Karuwisi Utara NW; 1010 Sinrijala W; 1004 Pampang @Jl. Pampang Raya; 1002 Panaikang @Taman Makam Pahlawan Panaikang; 1003 Tello Baru @Jl. Dr. J. Leimena; 1006 Tamamaung @Jl. Pettarani Raya (Tamamaung); 1005 Karampuang C; 1007 Masale @Jl. Hj. Mirah Seruni; 1008 Pandang @Jl. Pandang Raya; 1011 Paropo @Jl. Paropo Raya
10: 1002 Maccini Sombala @Trans Studio Mall Makassar; 1010 Tanjung Merdeka @Jl. Tanjung Merdeka; 1001 Barombong @Jl. Poros Barombong; 1006 Balang Baru @RSUD Haji Makassar; 1003 Jongaya @Jl. Kumala; 1005 Bongaya @Jl. Andi Tonro; 1008 Pa'Baeng-Baeng @Pasar Pa'baeng-Baeng; 1007 Mannuruki @Jl. Manuruki Raya; 1011 Bonto Duri @Jl. Daeng Tata Raya; 1009 Parang Tambung @Jl. Parang Tambung; 1004 Mangasa @Jl. Mangasa Raya
11: 1007 Untia @PPN Untia; 1004 Bulurokeng @Jl. Bulurokeng; 1003 Pai @Jl. Pai Raya; 1005 Sudiang @Jl. Asrama Haji; 1011 Bakung @GOR Sudiang; 1008 Laikang @Jl. Laikang Raya; 1002 Daya @Pasar Daya; 1006 Sudiang Raya @Jl. Mangga Tiga; 1009 Berua @Jl. Berua Raya; 1001 Paccerakkang @Jl. Paccerakkang Raya; 1010 Katimbang @Jl. Katimbang Raya
12: 1005 Batua @Jl. Batua Raya; 1006 Borong @Jl. Borong Raya; 1004 Antang @Jl. Antang Raya; 1002 Bangkala @Jl. Bangkala Raya; 1007 Biring Romang C; 1001 Manggala @Jl. Manggala Raya; 1008 Bitowa @Jl. Lasuloro Raya (Perumnas Antang); 1003 Tamangapa @Jl. Tamangapa Raya
13: 1006 Rappocini @Jl. Pelita Raya; 1007 Balla Parang N; 1004 Buakana N; 1008 Banta-Bantaeng @Jl. Banta-Bantaeng; 1001 Tidung @Jl. Tidung Raya; 1005 Bonto Makkio C; 1002 Kassi-Kassi E; 1003 Mappala E; 1010 Gunung Sari SW; 1009 Karunrung @Jl. Karunrung Raya; 1011 Minasa Upa @Jl. Minasa Upa Raya
14: 1004 Parang Loe @Jl. Parangloe Indah; 1005 Bira @Jl. Bira Raya; 1008 Kapasa Raya @Jl. Kapasa Raya; 1002 Kapasa @Jl. Kapasa Dalam; 1003 Tamalanrea Indah @Universitas Hasanuddin; 1006 Tamalanrea Jaya @Jl. Tamalanrea Jaya Raya; 1001 Tamalanrea @Jl. Tamalanrea Raya (BTP); 1007 Buntusu @Jl. Buntusu
15: 1001 Barrang Caddi island; 1002 Barrang Lompo island; 1003 Kodingareng island
"""

# --------------------------------------------------------------------------- roads
# name | class | lanes (both directions; "1>" = one-way along the points) | level | points
# class: tol, ramp, primer, sekunder, tersier.  level 1 = elevated, meets others only at its listed ends.
ROADS = """
Tol Reformasi | tol | 4 | 1 | 4122,1172 4180,1152 4240,1152 4300,1162 4345,1192 4374,1240 4388,1300 4390,1350
Tol Layang A.P. Pettarani | tol | 4 | 1 | 4390,1350 4389,1420 4386,1500 4382,1580 4374,1650 4354,1722 4342,1752
Tol Ir. Sutami | tol | 4 | 1 | 4345,1192 4430,1166 4520,1148 4610,1122 4700,1085 4800,1037 4900,985 5000,938 5100,896 5200,848 5300,806 5392,792
Ramp Pelabuhan | ramp | 2 | 1 | 4122,1172 4110,1196
Ramp Kaluku Bodoa | ramp | 2 | 1 | 4345,1192 4352,1180 4350,1168
Ramp Rappokalling | ramp | 2 | 1 | 4374,1240 4368,1255
Ramp Urip | ramp | 2 | 1 | 4390,1350 4382,1352 4370,1362
Ramp Boulevard | ramp | 2 | 1 | 4386,1500 4383,1520 4380,1535
Ramp Alauddin | ramp | 2 | 1 | 4342,1752 4335,1770
Ramp Kapasa | ramp | 2 | 1 | 4900,985 4890,1000 4892,1010
Ramp Parangloe | ramp | 2 | 1 | 4610,1122 4625,1132 4640,1124
Ramp Bandara | ramp | 2 | 1 | 5392,792 5400,795
Fly Over Urip Sumoharjo | primer | 4 | 1 | 4345,1355 4386,1364 4430,1378
Jl. Urip Sumoharjo | primer | 6 | 0 | 4305,1345 4345,1355 4370,1362 4383,1366 4430,1378 4500,1404 4560,1424 4620,1436 4680,1440 4700,1441
Jl. Perintis Kemerdekaan | primer | 6 | 0 | 4700,1441 4745,1445 4782,1438 4800,1432 4850,1418 4905,1390 4945,1346 4975,1310 5000,1280 5035,1215 5070,1155 5110,1105 5160,1052 5205,998 5270,920 5340,838 5400,795
Jl. A.P. Pettarani | primer | 6 | 0 | 4383,1366 4385,1440 4383,1500 4380,1535 4378,1580 4370,1650 4350,1722 4335,1770
Jl. Sultan Alauddin | primer | 4 | 0 | 4168,1672 4225,1702 4280,1738 4335,1770 4395,1810 4450,1848 4492,1888
Jl. Veteran Utara | primer | 4 | 0 | 4262,1352 4250,1400 4246,1450 4245,1492
Jl. Veteran Selatan | primer | 4 | 0 | 4245,1492 4244,1560 4240,1630 4232,1706
Jl. Dr. Ratulangi | primer | 4 | 0 | 4166,1482 4172,1540 4175,1600 4172,1650 4168,1672
Jl. Jenderal Sudirman | primer | 4 | 0 | 4152,1328 4156,1378 4162,1430 4166,1482
Jl. Jenderal Ahmad Yani | primer | 4 | 0 | 4072,1328 4110,1326 4152,1328
Jl. Nusantara | primer | 3> | 0 | 4072,1328 4076,1290 4085,1250 4100,1215 4110,1196 4120,1178
Jl. Gunung Bawakaraeng | primer | 4 | 0 | 4156,1368 4200,1360 4262,1352 4305,1345
Jl. Masjid Raya | primer | 4 | 0 | 4205,1304 4250,1305 4285,1318 4305,1345
Jl. Jenderal M. Jusuf (Bulusaraung) | sekunder | 4 | 0 | 4152,1328 4178,1316 4205,1304
Jl. Andalas | sekunder | 3 | 0 | 4178,1316 4172,1270 4175,1222
Jl. Bandang | sekunder | 3 | 0 | 4205,1304 4204,1265 4200,1222
Jl. Tentara Pelajar | primer | 4 | 0 | 4100,1215 4140,1218 4175,1222 4200,1222
Jl. Tinumbu | sekunder | 3 | 0 | 4200,1222 4225,1192 4248,1160 4262,1142
Jl. Kandea | tersier | 2 | 0 | 4230,1305 4228,1265 4224,1228 4222,1196
Jl. Sunu | sekunder | 4 | 0 | 4280,1316 4288,1275 4295,1240 4300,1212
Jl. Gatot Subroto | sekunder | 4 | 0 | 4224,1228 4300,1212 4335,1185 4350,1168 4380,1155
Jl. Teuku Umar | tersier | 2 | 0 | 4300,1212 4288,1165 4278,1125
Jl. Galangan Kapal | tersier | 2 | 0 | 4335,1185 4350,1130 4368,1092
Jl. Sultan Abdullah Raya | tersier | 2 | 0 | 4368,1092 4405,1068 4438,1042
Jl. Korban 40.000 Jiwa | tersier | 2 | 0 | 4295,1240 4335,1252 4368,1255 4400,1246
Jl. Rappokalling Raya | tersier | 2 | 0 | 4400,1246 4432,1235 4458,1222 4462,1170
Jl. Pongtiku | tersier | 2 | 0 | 4305,1345 4318,1300 4320,1262 4312,1207
Jl. Barukang Raya | tersier | 2 | 0 | 4248,1160 4235,1128 4225,1105
Jl. Sabutung | sekunder | 2 | 0 | 4120,1178 4150,1150 4185,1122 4200,1105
Jl. Yos Sudarso | sekunder | 4 | 0 | 4150,1218 4165,1180 4185,1122
Jl. Cakalang | tersier | 2 | 0 | 4165,1180 4195,1168 4235,1128
Jl. Kalimantan | tersier | 2 | 0 | 4120,1178 4140,1180 4165,1180
Jl. Sulawesi | sekunder | 2> | 0 | 4118,1326 4120,1290 4126,1250 4134,1217
Jl. Dr. Wahidin Sudirohusodo | sekunder | 2> | 0 | 4150,1217 4148,1260 4148,1300 4146,1328
Jl. Riburane | tersier | 2 | 0 | 4052,1322 4072,1328
Jl. Balai Kota | tersier | 2 | 0 | 4090,1327 4088,1350 4086,1368
Jl. Kajaolalido | tersier | 2 | 0 | 4118,1326 4120,1350 4122,1372
Jl. R.A. Kartini | tersier | 2 | 0 | 4086,1368 4122,1372 4156,1368
Jl. Jenderal Haji Ince (Slamet Riyadi) | tersier | 2 | 0 | 4060,1345 4088,1350
Jl. Ujung Pandang | sekunder | 2 | 0 | 4052,1322 4052,1345 4060,1345 4060,1372
Jl. Pasar Ikan | sekunder | 3> | 0 | 4060,1372 4068,1398 4078,1422
Jl. Penghibur | sekunder | 4> | 0 | 4078,1422 4083,1450 4087,1492
Jl. Somba Opu | tersier | 2> | 0 | 4087,1440 4078,1400 4074,1372 4073,1346
Jl. Datu Museng | tersier | 2 | 0 | 4082,1440 4087,1440 4115,1442
Jl. Sultan Hasanuddin | sekunder | 3> | 0 | 4115,1442 4108,1405 4102,1370
Jl. Botolempangan | tersier | 2 | 0 | 4122,1372 4130,1410 4138,1448 4142,1486
Jl. Sam Ratulangi Dalam (Karunrung) | tersier | 2 | 0 | 4138,1448 4162,1430
Jl. Arif Rate | sekunder | 3 | 0 | 4115,1442 4118,1465 4120,1490
Jl. Haji Bau | sekunder | 4 | 0 | 4087,1492 4120,1490 4142,1486 4166,1482
Jl. Lanto Daeng Pasewang | tersier | 2 | 0 | 4166,1482 4195,1502 4245,1510
Jl. Sungai Saddang | sekunder | 4 | 0 | 4163,1440 4200,1446 4246,1458
Jl. Sungai Saddang Baru | tersier | 2 | 0 | 4245,1480 4300,1482 4340,1488 4383,1500
Jl. Gunung Latimojong | sekunder | 2 | 0 | 4186,1312 4196,1360 4200,1400 4200,1446 4195,1502
Jl. Gunung Merapi | tersier | 2 | 0 | 4178,1364 4180,1400 4184,1443
Jl. Abubakar Lambogo | sekunder | 2 | 0 | 4248,1430 4290,1438 4335,1438 4385,1440
Jl. Kerung-Kerung | tersier | 2 | 0 | 4252,1392 4290,1388 4330,1382
Jl. Maccini Raya | tersier | 2 | 0 | 4335,1352 4332,1382 4335,1438
Jl. Vetran Lorong Bara-Baraya | tersier | 2 | 0 | 4290,1388 4288,1438 4300,1482
Jl. Rappocini Raya | sekunder | 2 | 0 | 4244,1560 4300,1558 4340,1570 4378,1580
Jl. Pelita Raya | tersier | 2 | 0 | 4300,1482 4318,1520 4340,1570
Jl. Landak | sekunder | 2 | 0 | 4174,1620 4210,1630 4240,1635
Jl. Landak Baru | tersier | 2 | 0 | 4240,1635 4300,1655 4370,1650
Jl. Banta-Bantaeng | tersier | 2 | 0 | 4300,1558 4302,1610 4300,1655
Jl. Monginsidi Baru | tersier | 2 | 0 | 4300,1655 4292,1700 4280,1738
Jl. Kakatua | sekunder | 2 | 0 | 4126,1640 4150,1655 4168,1672
Jl. Cendrawasih | sekunder | 3 | 0 | 4120,1490 4120,1540 4122,1600 4126,1640 4130,1708
Jl. Rajawali | sekunder | 3 | 0 | 4087,1492 4082,1530 4076,1570 4070,1600
Jl. Nuri | tersier | 2 | 0 | 4070,1600 4098,1602 4122,1600
Jl. Gagak | tersier | 2 | 0 | 4082,1530 4100,1538 4120,1540
Jl. Hati Mulia | tersier | 2 | 0 | 4070,1600 4080,1650 4098,1700 4130,1708
Jl. Dahlia | tersier | 2 | 0 | 4098,1602 4100,1650 4098,1700
Jl. Baji Gau | tersier | 2 | 0 | 4130,1708 4115,1740 4108,1790
Jl. Baji Minasa | tersier | 2 | 0 | 4080,1650 4058,1680 4060,1712 4098,1700
Jl. Andi Mappaodang | sekunder | 3 | 0 | 4130,1708 4170,1706 4198,1690
Jl. Andi Tonro | tersier | 2 | 0 | 4200,1690 4190,1740 4185,1775
Jl. Kumala | sekunder | 2 | 0 | 4215,1698 4212,1745 4185,1775 4170,1800
Jl. Dangko | tersier | 2 | 0 | 4108,1790 4140,1798 4170,1800
Jl. Daeng Ngeppe | tersier | 2 | 0 | 4140,1798 4128,1830 4105,1860
Jl. Abdul Kadir | sekunder | 2 | 0 | 4128,1830 4165,1826 4205,1818 4252,1805
Jl. Daeng Tata Raya | sekunder | 2 | 0 | 4272,1733 4262,1770 4252,1805 4238,1850 4222,1905
Jl. Manuruki Raya | tersier | 2 | 0 | 4262,1770 4300,1782 4325,1800
Jl. Mallengkeri | sekunder | 2 | 0 | 4342,1776 4325,1800 4305,1845 4292,1900
Jl. Mangasa Raya | tersier | 2 | 0 | 4305,1845 4350,1842 4390,1848 4420,1828
Jl. Parang Tambung Selatan | tersier | 2 | 0 | 4222,1905 4260,1908 4292,1900
Jl. Parang Tambung | tersier | 2 | 0 | 4238,1850 4270,1858 4305,1845
Jl. Danau Tanjung Bunga | sekunder | 2 | 0 | 4105,1860 4060,1872 4040,1855 3990,1905 3940,1895 3893,1880
Jl. Metro Tanjung Bunga | primer | 6 | 0 | 4082,1530 4048,1556 4012,1592 3975,1632 3940,1690 3912,1750 3895,1810 3893,1880 3900,1935 3902,1965
Jl. Center Point of Indonesia | sekunder | 4 | 0 | 4048,1556 4025,1530 4010,1500 4020,1465 4032,1445
Jl. Akkarena | tersier | 2 | 0 | 3940,1690 3900,1690 3872,1700 3872,1740 3912,1750
Jl. Tanjung Merdeka | tersier | 2 | 0 | 3895,1810 3870,1815 3860,1850 3862,1900 3893,1880
Jl. Poros Barombong | primer | 2 | 0 | 3902,1965 3912,2010 3930,2070 3958,2120 3990,2165
Jl. Pantai Barombong | tersier | 2 | 0 | 3912,2010 3870,2040 3868,2100 3930,2070
Jl. Hertasning | primer | 4 | 0 | 4370,1650 4420,1666 4470,1678 4530,1694 4580,1728 4620,1765 4660,1800
Jl. Emmy Saelan | tersier | 2 | 0 | 4388,1656 4392,1700 4400,1745 4395,1810
Jl. Tidung Raya | tersier | 2 | 0 | 4392,1700 4430,1700 4466,1712 4470,1678
Jl. Raya Pendidikan | tersier | 2 | 0 | 4358,1694 4392,1700
Jl. Talasalapang | sekunder | 2 | 0 | 4402,1815 4440,1795 4480,1785 4520,1800
Jl. Minasa Upa Raya | tersier | 2 | 0 | 4520,1800 4560,1815 4600,1822 4660,1800
Jl. Syech Yusuf | sekunder | 2 | 0 | 4492,1888 4540,1868 4580,1850 4600,1822
Jl. Karunrung Raya | tersier | 2 | 0 | 4480,1785 4490,1740 4530,1694
Jl. Boulevard Panakkukang | sekunder | 4 | 0 | 4380,1535 4425,1542 4470,1556 4490,1560
Jl. Pengayoman | sekunder | 4 | 0 | 4378,1600 4420,1598 4460,1594 4490,1560
Jl. Adhyaksa | sekunder | 2 | 0 | 4478,1462 4482,1510 4490,1560
Jl. Pandang Raya | tersier | 2 | 0 | 4490,1560 4530,1566 4565,1572
Jl. Toddopuli Raya | sekunder | 2 | 0 | 4460,1594 4475,1630 4490,1684
Jl. Toddopuli Raya Timur | tersier | 2 | 0 | 4475,1630 4530,1628 4585,1632
Jl. Borong Raya | sekunder | 2 | 0 | 4585,1632 4612,1590 4640,1528
Jl. Ujung Bori (Borong Jambu) | tersier | 2 | 0 | 4585,1632 4620,1672 4625,1720 4580,1728
Jl. Batua Raya | sekunder | 2 | 0 | 4640,1438 4642,1480 4640,1528 4660,1590 4700,1620 4765,1612
Jl. Abdullah Daeng Sirua | sekunder | 2 | 0 | 4385,1440 4440,1452 4478,1462 4535,1482 4590,1508 4640,1528 4700,1545 4745,1552
Jl. Hj. Mirah Seruni | tersier | 2 | 0 | 4425,1542 4432,1500 4440,1452
Jl. Pettarani Raya (Tamamaung) | tersier | 2 | 0 | 4440,1452 4430,1415 4430,1378
Jl. Racing Center | sekunder | 2 | 0 | 4535,1416 4538,1450 4535,1482
Jl. Paropo Raya | tersier | 2 | 0 | 4535,1482 4550,1530 4565,1572 4585,1632
Jl. Pampang Raya | tersier | 2 | 0 | 4430,1378 4448,1335 4475,1305 4510,1285 4540,1310 4530,1360 4520,1412
Jl. Sukaria | tersier | 2 | 0 | 4500,1404 4492,1436 4478,1462
Jl. Pampang Dalam | tersier | 2 | 0 | 4475,1305 4440,1302 4402,1320 4383,1366
Jl. Taman Makam Pahlawan | tersier | 2 | 0 | 4560,1424 4568,1385 4572,1340
Jl. Panaikang Raya | tersier | 2 | 0 | 4620,1436 4622,1400 4600,1370 4568,1385
Jl. Dr. J. Leimena | sekunder | 4 | 0 | 4700,1441 4712,1490 4735,1525 4745,1552
Jl. Antang Raya | primer | 2 | 0 | 4745,1552 4765,1612 4800,1652 4850,1688
Jl. Tamangapa Raya | primer | 2 | 0 | 4850,1688 4905,1735 4950,1785 4990,1845
Jl. Lasuloro Raya (Perumnas Antang) | tersier | 2 | 0 | 4800,1652 4860,1630 4910,1610 4960,1605 4985,1640 4985,1690
Jl. Bitowa Raya | tersier | 2 | 0 | 4910,1610 4925,1665 4905,1735
Jl. Manggala Raya | tersier | 2 | 0 | 4925,1665 4985,1690 5010,1740 4950,1785
Jl. Lingkar Tengah | primer | 4 | 0 | 4800,1432 4795,1490 4790,1545 4745,1590 4715,1690 4690,1750 4660,1800
Jl. Bangkala Raya | tersier | 2 | 0 | 4715,1690 4770,1720 4830,1745 4905,1735
Jl. Bung | tersier | 2 | 0 | 4850,1418 4852,1465 4880,1495 4925,1480
Jl. Tamalanrea Jaya Raya | tersier | 2 | 0 | 4925,1365 4935,1420 4925,1480 4975,1460 5030,1410
Jl. Pintu I Unhas | tersier | 2 | 0 | 4905,1390 4885,1345 4870,1310 4850,1270
Jl. Lingkar Unhas | tersier | 2 | 0 | 4870,1310 4830,1320 4822,1360 4850,1385 4885,1345
Jl. Pintu II Unhas (Rumah Sakit) | tersier | 2 | 0 | 4945,1346 4915,1330 4870,1310
Jl. Politeknik | tersier | 2 | 0 | 4850,1270 4900,1265 4960,1290 4975,1310
Jl. Tamalanrea Raya (BTP) | sekunder | 4 | 0 | 5000,1280 5030,1320 5065,1360 5110,1400
Jl. Tamalanrea Selatan (BTP) | tersier | 2 | 0 | 5030,1320 5020,1370 5030,1410 5065,1420 5110,1400
Jl. Buntusu | tersier | 2 | 0 | 5110,1400 5150,1380 5180,1340 5190,1290
Jl. Kapasa Raya | sekunder | 2 | 0 | 5055,1181 5015,1150 4975,1110 4930,1062 4892,1010
Jl. KIMA Raya | sekunder | 4 | 0 | 5090,1130 5050,1080 5010,1040 4970,1000 4945,978
Jl. Kapasa Dalam | tersier | 2 | 0 | 5015,1150 4985,1195 4990,1240 5000,1280
Jl. Ir. Sutami | primer | 4 | 0 | 4380,1155 4440,1172 4530,1158 4640,1124 4720,1088 4810,1045 4892,1010 4945,978 5010,944 5110,904 5210,858 5305,818 5400,795
Jl. Parangloe Indah | tersier | 2 | 0 | 4640,1124 4635,1070 4600,1025 4545,1035 4530,1090 4532,1158
Jl. Bira Raya | tersier | 2 | 0 | 4810,1045 4790,980 4760,920 4770,860
Jl. Salodong | sekunder | 2 | 0 | 5010,944 4950,870 4890,790 4840,710 4815,660
Jl. Bira Selatan | tersier | 2 | 0 | 4770,860 4830,850 4890,790
Jl. Batara Bira (Baddoka) | sekunder | 2 | 0 | 5205,998 5150,955 5110,904 5060,830 5020,760 4950,765 4885,782
Jl. Bulurokeng | tersier | 2 | 0 | 5020,760 5080,730 5150,745 5200,790 5210,858
Jl. Pajjaiyang | tersier | 2 | 0 | 5270,920 5220,890 5210,858
Jl. Pai Raya | tersier | 2 | 0 | 5150,955 5190,920 5220,890
Jl. Goa Ria | sekunder | 2 | 0 | 5270,920 5310,960 5330,1020 5340,1100
Jl. Asrama Haji | tersier | 2 | 0 | 5340,838 5365,885 5345,930 5310,960
Jl. Sudiang Utara | tersier | 2 | 0 | 5305,818 5290,770 5240,740 5150,745
Jl. Daeng Ramang | sekunder | 2 | 0 | 5160,1052 5220,1070 5280,1080 5340,1100
Jl. Laikang Raya | tersier | 2 | 0 | 5220,1070 5255,1020 5330,1020
Jl. Paccerakkang Raya | sekunder | 2 | 0 | 5110,1105 5150,1150 5200,1195 5250,1240 5270,1300
Jl. Mangga Tiga | tersier | 2 | 0 | 5200,1195 5250,1165 5300,1150 5340,1100
Jl. Berua Raya | tersier | 2 | 0 | 5070,1155 5110,1190 5150,1230 5190,1290
Jl. Katimbang Raya | tersier | 2 | 0 | 5190,1290 5215,1340 5225,1385 5250,1340 5270,1300
Jl. Barukang Utara | tersier | 2 | 0 | 4200,1105 4225,1105 4278,1125 4350,1130
Jl. Makassar New Port | tersier | 4 | 0 | 4368,1092 4345,1060 4330,1022
Jl. Bandara Baru | primer | 4 | 0 | 5400,795 5445,745 5490,690 5520,650
"""

# --------------------------------------------------------------------------- places
# kind | name | kecamatan | point     (00 = outside the city)
PLACES = """
pemerintah | Balai Kota Makassar | 04 | 4086,1338
pemerintah | War Room Makassar (Menara Balai Kota) | 04 | 4089,1341
pemerintah | PSC 119 Makassar | 04 | 4093,1338
pemerintah | Kantor Gubernur Sulawesi Selatan | 09 | 4490,1395
pemerintah | DPRD Kota Makassar | 13 | 4377,1590
pemerintah | DPRD Provinsi Sulawesi Selatan | 09 | 4415,1380
pemerintah | Dinas Perhubungan Kota Makassar | 12 | 4668,1605
pemerintah | Kejaksaan Negeri Makassar | 04 | 4134,1378
pemerintah | Pengadilan Negeri Makassar | 04 | 4112,1378
pemerintah | Dinas Kesehatan Kota Makassar | 13 | 4372,1620
polisi | Polrestabes Makassar | 05 | 4104,1322
polisi | Polda Sulawesi Selatan | 11 | 5182,1030
polisi | Polsek Ujung Pandang | 04 | 4094,1398
polisi | Polsek Mariso | 01 | 4090,1570
polisi | Polsek Mamajang | 02 | 4178,1596
polisi | Polsek Makassar | 03 | 4252,1478
polisi | Polsek Wajo | 05 | 4132,1240
polisi | Polsek Bontoala | 06 | 4226,1310
polisi | Polsek Tallo | 07 | 4308,1222
polisi | Polsek Ujung Tanah | 08 | 4185,1160
polisi | Polsek Panakkukang | 09 | 4468,1462
polisi | Polsek Tamalate | 10 | 4212,1812
polisi | Polsek Rappocini | 13 | 4432,1688
polisi | Polsek Manggala | 12 | 4770,1618
polisi | Polsek Tamalanrea | 14 | 4980,1302
polisi | Polsek Biringkanaya | 11 | 5145,1080
polisi | Polsek Kawasan Pelabuhan | 05 | 4088,1228
damkar | Mako Damkar Jl. Dr. Ratulangi | 02 | 4177,1560
damkar | Pos Damkar KIMA (Daya) | 11 | 5078,1112
damkar | Pos Damkar Pengayoman (Timur) | 09 | 4450,1584
damkar | Pos Damkar Tallo | 07 | 4360,1150
damkar | Pos Damkar BTP | 14 | 5022,1302
damkar | Pos Damkar GMTD (Tanjung Bunga) | 10 | 3958,1665
damkar | Pos Damkar Ujung Tanah | 08 | 4176,1140
damkar | Pos Damkar Antang | 12 | 4798,1640
rumah sakit | RSUP Dr. Wahidin Sudirohusodo | 14 | 4942,1358
rumah sakit | RS Universitas Hasanuddin | 14 | 4925,1335
rumah sakit | RSUD Kota Makassar (Daya) | 11 | 5095,1132
rumah sakit | RSUD Labuang Baji | 02 | 4177,1615
rumah sakit | RSUD Haji Makassar | 10 | 4140,1816
rumah sakit | RSKD Dadi | 03 | 4202,1508
rumah sakit | RS Bhayangkara | 10 | 4172,1715
rumah sakit | RS Tk. II Pelamonia | 04 | 4162,1360
rumah sakit | RS Stella Maris | 04 | 4088,1460
rumah sakit | RS Ibnu Sina | 09 | 4512,1402
rumah sakit | RS Primaya Makassar | 09 | 4412,1366
rumah sakit | RS Siloam Makassar | 10 | 4008,1600
rumah sakit | RS Hermina Makassar | 12 | 4592,1628
rumah sakit | RS Grestelina | 13 | 4510,1684
rumah sakit | RS Islam Faisal | 13 | 4352,1690
rumah sakit | RS Akademis Jaury | 06 | 4192,1316
rumah sakit | RSIA Siti Fatimah | 04 | 4176,1415
pelabuhan | Pelabuhan Soekarno-Hatta | 05 | 4074,1255
pelabuhan | Pelabuhan Paotere | 08 | 4198,1096
pelabuhan | Makassar New Port | 07 | 4335,1020
pelabuhan | Dermaga Kayu Bangkoa | 04 | 4064,1392
pelabuhan | PPN Untia | 11 | 4806,662
bandara | Bandara Sultan Hasanuddin | 00 | 5530,640
terminal | Terminal Regional Daya | 11 | 5125,1108
terminal | Terminal Mallengkeri | 10 | 4318,1812
pasar | Pasar Sentral Makassar | 05 | 4138,1300
pasar | Pasar Butung | 05 | 4096,1235
pasar | Pasar Terong | 06 | 4256,1325
pasar | Pasar Pa'baeng-Baeng | 10 | 4228,1710
pasar | Pasar Pannampu | 07 | 4266,1172
pasar | Pasar Maricaya | 03 | 4238,1488
pasar | Pasar Toddopuli | 12 | 4545,1632
pasar | Pasar Daya | 11 | 5108,1118
pasar | Pasar Antang | 12 | 4780,1640
pasar | Pasar Karuwisi | 09 | 4360,1368
pasar | Pasar Sambung Jawa | 02 | 4100,1722
pasar | TPI Rajawali | 01 | 4070,1560
belanja | Mal Panakkukang | 09 | 4450,1562
belanja | Trans Studio Mall Makassar | 10 | 3962,1618
belanja | Mall Ratu Indah | 02 | 4166,1525
belanja | Makassar Town Square | 14 | 4802,1428
belanja | Nipah Mall | 09 | 4440,1375
belanja | MTC Karebosi | 04 | 4146,1335
belanja | Pusat Niaga Daya | 11 | 5102,1122
universitas | Universitas Hasanuddin | 14 | 4868,1325
universitas | Universitas Negeri Makassar (Menara Pinisi) | 13 | 4360,1680
universitas | UIN Alauddin Kampus I | 13 | 4325,1738
universitas | Universitas Muslim Indonesia | 09 | 4465,1370
universitas | Universitas Bosowa | 09 | 4520,1392
universitas | Universitas Muhammadiyah Makassar | 13 | 4420,1818
universitas | Politeknik Negeri Ujung Pandang | 14 | 4880,1270
universitas | Universitas Fajar | 09 | 4545,1470
universitas | Universitas Islam Makassar | 14 | 4818,1422
universitas | Universitas Ciputra Makassar | 10 | 4028,1515
sekolah | SMAN 1 Makassar | 06 | 4218,1345
sekolah | SMAN 2 Makassar | 02 | 4130,1655
sekolah | SMAN 5 Makassar | 09 | 4600,1438
sekolah | SMAN 17 Makassar | 06 | 4275,1300
sekolah | SMAN 21 Makassar | 14 | 5040,1350
sekolah | SMPN 6 Makassar | 04 | 4110,1330
sekolah | SMPN 3 Makassar | 02 | 4140,1668
sekolah | SMKN 1 Makassar | 13 | 4362,1688
sekolah | SDN Mangkura | 04 | 4146,1474
sekolah | SMPN 12 Makassar | 12 | 4760,1600
sekolah | SMAN 3 Makassar | 02 | 4108,1735
ibadah | Masjid Raya Makassar | 06 | 4214,1312
ibadah | Masjid Al-Markaz Al-Islami | 06 | 4268,1298
ibadah | Masjid 99 Kubah Asmaul Husna | 01 | 4030,1438
ibadah | Katedral Makassar | 04 | 4108,1365
ibadah | Masjid Terapung Amirul Mukminin | 01 | 4083,1484
wisata | Anjungan Pantai Losari | 04 | 4078,1438
wisata | Benteng Rotterdam | 04 | 4058,1340
wisata | Lapangan Karebosi | 04 | 4136,1350
wisata | Monumen Mandala | 04 | 4164,1405
wisata | Pantai Akkarena | 10 | 3860,1712
wisata | Pantai Tanjung Bayang | 10 | 3858,1828
wisata | Benteng Somba Opu | 00 | 4035,1925
wisata | Center Point of Indonesia (CPI) | 01 | 4005,1500
wisata | Stadion Mattoangin (Andi Mattalatta) | 01 | 4108,1565
wisata | GOR Sudiang | 11 | 5325,975
wisata | Makam Raja-Raja Tallo | 07 | 4440,1048
wisata | Taman Makam Pahlawan Panaikang | 09 | 4565,1400
wisata | Monumen Emmy Saelan | 13 | 4405,1740
utilitas | Fly Over Urip Sumoharjo | 09 | 4386,1364
utilitas | Jembatan Tello | 09 | 4745,1445
utilitas | Jembatan Barombong | 10 | 3901,1950
utilitas | Kawasan Industri Makassar (KIMA) | 11 | 5020,1055
utilitas | PLTU Tello | 09 | 4724,1452
utilitas | TPA Tamangapa | 12 | 4938,1752
utilitas | Asrama Haji Sudiang | 11 | 5358,880
utilitas | Stasiun TVRI Sulawesi Selatan | 01 | 4126,1508
"""

# What a fire brigade would have written down of some places: kind | name | other names | point
# (that of PLACES where it is one of them) | dangers | in words | way in | water. All of it is invented.
PREMISES = """
pasar | Pasar Terong | pasar terong bontoala | 4256,1325 | gas, ramai | Kompor dan tabung elpiji di lorong makanan, lapak kayu | Dari Jl. Terong; lorong dalam 2 m | Kanal Panampu, 90 m
pasar | Pasar Sentral Makassar | makassar mall | 4138,1300 | ramai, listrik | Kain di lantai 2 dan 3; panel listrik di sisi barat | Pintu timur untuk mobil tangga | Hidran di pintu timur
pasar | Pasar Pannampu |  | 4266,1172 | gas, bbm | Penjual BBM eceran di deret depan | Truk besar hanya dari utara | Sumur pasar
pasar | Pasar Daya | pasar niaga daya | 5108,1118 | ramai, gas | Tabung elpiji di blok ikan | Dari Jl. Kapasa | Tandon 20 m3
pasar | Mal Panakkukang | mp | 4450,1562 | ramai, listrik | Gardu di lantai dasar; parkir bawah tanah | Bongkar muat di Jl. Adyaksa | Hidran halaman, empat titik
sekolah | SMAN 1 Makassar | smansa | 4218,1345 | ramai | Sekitar 1.100 murid pada jam belajar | Gerbang belakang 3 m | Hidran Jl. Gunung Bawakaraeng
sekolah | SMAN 5 Makassar |  | 4600,1438 | ramai, kimia | Laboratorium kimia di gedung C | Gerbang Jl. Taman Makam Pahlawan |
sekolah | SDN Mangkura | mangkura | 4146,1474 | ramai, tak_berdaya | Anak kecil; kelas di lantai 2 dengan satu tangga | Jalan sempit pada jam pulang |
rumah sakit | RSUD Labuang Baji | labuang baji | 4177,1615 | tak_berdaya, kimia | Pasien di ICU lantai 3; tangki oksigen cair di belakang | IGD dari Jl. Lanto Dg. Pasewang | Hidran di halaman depan
rumah sakit | RS Akademis Jaury | jaury | 4192,1316 | tak_berdaya, kimia | Pasien rawat inap di empat lantai; oksigen | Dari Jl. Bulusaraung |
rumah sakit | RSUP Dr. Wahidin Sudirohusodo | wahidin | 4942,1358 | tak_berdaya, kimia | Pasien ICU; tangki oksigen cair di sisi utara | Pintu 2 Jl. Perintis Kemerdekaan | Hidran gedung, tandon 200 m3
masjid | Masjid Al-Markaz Al-Islami | al markaz | 4268,1298 | ramai | Ribuan jamaah pada salat Jumat | Halaman cukup untuk lima mobil | Kolam wudu
bangunan | SPBU Pettarani (skematik) | pom bensin pettarani | 4378,1500 | bbm, ramai | Tangki pendam 30 m3 bensin dan 15 m3 solar; katup darurat di kantor | Dua pintu di Jl. A. P. Pettarani | Hidran 60 m ke selatan
bangunan | SPBU Perintis (skematik) | pom bensin perintis | 4905,1350 | bbm, gas | Tangki pendam; rak elpiji di toko | Dari Jl. Perintis Kemerdekaan |
bangunan | SPBU Cendrawasih (skematik) | pom bensin cendrawasih | 4120,1600 | bbm | Tangki pendam 20 m3 | Dari Jl. Cendrawasih | Hidran Jl. Cendrawasih
gudang | Gudang kimia KIMA (skematik) | gudang kima | 5030,1060 | kimia, listrik | Asam dan klorin dalam drum; jangan semprot air sebelum petugas gudang datang | Pos jaga Jl. Kima 4 | Tandon kawasan
hidran | Hidran Jl. Terong (skematik) |  | 4259,1328 |  |  |  |
hidran | Hidran Jl. Sungai Saddang (skematik) |  | 4206,1420 |  |  |  |
"""

# Clinics, a row each: kecamatan | name | point
PUSKESMAS = """
01 | Panambungan | 4088,1538
01 | Pertiwi | 4104,1552
01 | Dahlia | 4102,1645
02 | Cendrawasih | 4128,1668
02 | Mamajang | 4200,1600
03 | Bara-Baraya | 4292,1430
03 | Maccini Sawah | 4320,1378
03 | Maradekaya | 4240,1442
04 | Makkasau | 4146,1482
05 | Andalas | 4156,1290
05 | Tarakan | 4148,1196
06 | Malimongan Baru | 4262,1312
06 | Layang | 4208,1225
07 | Kaluku Bodoa | 4352,1150
07 | Jumpandang Baru | 4322,1218
07 | Rappokalling | 4420,1242
08 | Pattingalloang | 4222,1132
08 | Tabaringan | 4192,1176
15 | Pulau Barrang Lompo | 3294,484
15 | Pulau Kodingareng | 2658,1470
09 | Karuwisi | 4366,1388
09 | Pampang | 4478,1312
09 | Tamamaung | 4430,1432
09 | Toddopuli | 4466,1580
12 | Batua | 4644,1535
12 | Antang | 4768,1618
12 | Antang Perumnas | 4862,1636
12 | Tamangapa | 4935,1765
12 | Bangkala | 4772,1728
13 | Kassi-Kassi | 4440,1690
13 | Mangasa | 4412,1800
13 | Minasa Upa | 4558,1820
13 | Ballaparang | 4338,1500
10 | Jongaya | 4185,1752
10 | Tamalate | 4250,1798
10 | Maccini Sombala | 3995,1622
10 | Barombong | 3926,2062
14 | Tamalanrea | 5050,1345
14 | Tamalanrea Jaya | 4930,1450
14 | Bira | 4762,925
14 | Antara | 4862,1425
14 | Kapasa | 4995,1170
11 | Sudiang | 5300,880
11 | Sudiang Raya | 5265,1080
11 | Paccerakkang | 5205,1205
11 | Bulurokeng | 5075,735
11 | Daya | 5112,1120
"""
