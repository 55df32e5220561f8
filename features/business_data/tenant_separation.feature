@business_data
Feature: The database itself isolates customers from each other
  Segment:          Free, Early, Mid and Enterprise
  Business goal:    Pass the security reviews of the largest customers
  Value impact:     Even a programming mistake in the platform cannot show one customer's data to another
  Strategic impact: Isolation in the database lets customers of all sizes share one platform

  @DBL-04 @segment.free @segment.early @segment.mid @segment.enterprise
  @needs.own_database @needs.row_security
  Rule: Customer data is isolated in the database itself

    @smoke
    Scenario: A query on behalf of one customer reads only that customer's data
      Given Acme is a Free customer with data in every table
      And Borealis is an Enterprise customer with data in every table
      When the platform's database role reads every table on behalf of Acme
      Then the role has reached Acme's data in every table and no other data

    @gate
    Scenario: A query on behalf of no customer reads nothing
      Given Acme is an Early customer with data in every table
      And Borealis is a Mid customer with data in every table
      When the platform's database role reads every table on behalf of no customer
      Then the role has reached no data
      And on behalf of Borealis the role reaches Borealis' data in every table and no other data

    @gate
    @needs.cloud_accounts
    Scenario: No service works with a role exempt from isolation
      Given Acme is an Enterprise customer with servers in the cloud
      And Acme has run a cost analysis
      When the connections of the platform's services to the database are listed
      Then every service is connected, with a role to which isolation applies

    @gate
    Scenario: An update on behalf of one customer changes only that customer's data
      Given Acme is a Mid customer with data in every table
      And Borealis is a Free customer with data in every table
      When the platform's database role tries to update every table on behalf of Acme
      Then the role has reached Acme's data in every table and no other data

    @gate @exclusive
    @needs.own_services
    Scenario: Isolation that was switched off is back after a restart
      Given Acme is a Mid customer with data in every table
      And Borealis is an Early customer with data in every table
      When the isolation of every table is switched off and the backend restarts
      Then on behalf of Acme the role reaches Acme's data in every table and no other data
