@business_data
Feature: One customer has one account
  Segment:          Free, Early, Mid and Enterprise
  Business goal:    Keep support free of lost, duplicate and uninvited accounts
  Value impact:     Customers reach the same account from every device, however they type their address
  Strategic impact: One account per customer makes the number of customers that we report exact

  @DBL-01 @segment.free @segment.early @segment.mid @segment.enterprise
  @needs.accounts
  Rule: A customer signs up once and is found again

    @gate
    @needs.sessions @needs.own_database
    Scenario Outline: A customer finds the same account on another device
      Given Acme is <a plan> customer
      When Acme logs in on another device, with the email address in different capitalisation
      Then Acme is logged in to the account from sign-up
      And the database holds one account for Acme

      Examples:
        | a plan        |
        | a Free        |
        | an Early      |
        | a Mid         |
        | an Enterprise |

    @gate
    @needs.sessions @needs.own_database
    Scenario: An international email address is one account in every spelling
      Given Acme has signed up with an international email address
      When Acme logs in on another device, with the email address in another spelling
      Then Acme is logged in to the account from sign-up
      And the database holds one account for Acme

    @gate
    @needs.accounts @needs.own_database
    Scenario: Two concurrent sign-ups with one email address make one account
      When Acme and Borealis sign up with the same email address at the same moment
      Then one of them has an account, and the other is refused because the email address is taken
      And the database holds one account and one organisation of them

    @gate @exclusive
    @needs.accounts @needs.own_database @needs.own_services
    Scenario: A sign-up that failed can be repeated
      When Acme signs up while the database is unreachable, and again afterwards
      Then the first sign-up fails, and the second opens an account
      And Acme can log in with the email address and password of the sign-up

    @gate
    @needs.sessions
    Scenario: A customer can log in on fifteen devices
      Given Acme is a Mid customer
      When Acme logs in on fifteen devices, one after the other
      Then every log-in opens the account from sign-up

    @gate
    @needs.sessions
    Scenario: An unusual email address and password open the account
      When Acme signs up with an unusual email address and password
      Then Acme has an account
      And Acme can log in with the email address and password of the sign-up

    @smoke
    @needs.own_database
    Scenario: A taken email address is refused in any capitalisation
      Given Acme is a Mid customer
      When Borealis signs up with Acme's email address in different capitalisation
      Then the sign-up is refused because the email address is taken
      And the database holds one account for Acme
      And the database holds no account for Borealis

    @gate
    @needs.colleagues @needs.sessions
    Scenario: A removed colleague can be invited again
      Given Acme is a Mid customer
      And Ben of Acme has an invitation from after a removal
      When Ben of Acme accepts the invitation
      Then Ben of Acme is a member again, with a new account

    @gate
    @needs.colleagues
    @needs.own_database
    Scenario Outline: An expired or already accepted invitation is refused
      Given Acme is an Early customer
      And Ben of Acme has an invitation that <is spent>
      When Ben of Acme accepts the invitation
      Then the sign-up is refused because the invitation <is spent>
      And Acme has no new member

      Examples:
        | is spent                  |
        | has expired               |
        | has already been accepted |
        | is from before a removal  |
