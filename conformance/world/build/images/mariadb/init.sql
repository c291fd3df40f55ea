-- As upstream's image has it: root may come from anywhere, here without a password. Run at every start.
CREATE USER IF NOT EXISTS root@'%';
GRANT ALL ON *.* TO root@'%' WITH GRANT OPTION;
