/* What ESP-IDF does before app_main, on the host. */
void app_main(void);

int main(void) {
    app_main();
    return 0;
}
